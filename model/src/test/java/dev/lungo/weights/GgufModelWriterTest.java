package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lungo.file.GgufHeader;
import dev.lungo.file.GgufHeader.GgufTensorInfo;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.nn.Parameter;
import dev.lungo.tensor.RandomNumbers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GgufModelWriterTest {
  @TempDir Path folder;

  private static LanguageModel llama(boolean tied) {
    LlamaConfig config = new LlamaConfig(300, 256, 2, 4, 2, 64, 160, 64, 1e-5f, 10_000, tied);
    LanguageModel model = LanguageModel.create(config, false);
    model.parameters().initialize(new RandomNumbers(3));
    return model;
  }

  private static byte[] bytes(Path file, GgufTensorInfo tensor, int count) throws IOException {
    byte[] bytes = new byte[count];
    try (FileChannel channel = FileChannel.open(file)) {
      channel.read(ByteBuffer.wrap(bytes), tensor.offset());
    }
    return bytes;
  }

  private WeightReport write(Path file, LanguageModel model, WeightType type) throws IOException {
    return GgufModelWriter.write(file, model, type, Map.of(), 2, name -> {});
  }

  @Test
  void aModelThatOthersConvertedComesOutTheSame() throws IOException {
    Path data =
        Path.of(System.getProperty("lungo.testdata", "../../shared/data"), "models/stories260K");
    assumeTrue(Files.exists(data), "no test data: models/stories260K");
    Path theirs = data.resolve("stories260K.gguf");
    Path ours = folder.resolve("ours.gguf");
    try (LanguageModel model = ModelFiles.load(data)) {
      write(ours, model, WeightType.F32);
    }
    GgufHeader expected = GgufHeader.read(theirs, name -> true);
    GgufHeader header = GgufHeader.read(ours, name -> true);
    int compared = 0;
    for (GgufTensorInfo tensor : header.tensors()) {
      for (GgufTensorInfo other : expected.tensors()) {
        if (other.name().equals(tensor.name())) {
          assertThat(tensor.shape()).isEqualTo(other.shape());
          int count = 4;
          for (long dimension : tensor.shape()) {
            count *= (int) dimension;
          }
          assertThat(bytes(ours, tensor, count))
              .as(tensor.name())
              .isEqualTo(bytes(theirs, other, count));
          compared++;
        }
      }
    }
    assertThat(compared).isEqualTo(header.tensors().size()).isGreaterThan(40);
    for (String name : List.of("block_count", "embedding_length", "attention.head_count_kv")) {
      assertThat(header.metadata().get("llama." + name))
          .isEqualTo(expected.metadata().get("llama." + name));
    }
  }

  @ParameterizedTest
  @EnumSource
  void writtenWeightsReadBackWithinTheErrorOfTheirType(WeightType type) throws IOException {
    Path file = folder.resolve("model.gguf");
    double most =
        switch (type) {
          case F32 -> 0;
          case F16 -> 0.001;
          case BF16 -> 0.003;
          case Q8_0 -> 0.006;
          case Q6_K -> 0.02;
          case Q5_0, Q5_1, Q5_K -> 0.05;
          case Q4_0, Q4_1, Q4_K -> 0.1;
        };
    try (LanguageModel model = llama(false)) {
      WeightReport report = write(file, model, type);
      assertThat(report.relativeErrors().values())
          .allSatisfy(error -> assertThat(error).isLessThanOrEqualTo(most));
      assertThat(report.tensors().values().stream().mapToInt(Integer::intValue).sum())
          .isEqualTo(model.parameters().all().size());
      try (LanguageModel read = ModelFiles.load(file)) {
        for (int i = 0; i < model.parameters().all().size(); i++) {
          Parameter written = model.parameters().all().get(i);
          Parameter back = read.parameters().all().get(i);
          assertThat(error(written, back, model, read))
              .as(written.name())
              .isLessThanOrEqualTo(most);
        }
      }
    }
  }

  /// Compares in the rotary layout of the file.
  private static double error(
      Parameter written, Parameter back, LanguageModel model, LanguageModel read) {
    var layout = ((LlamaConfig) read.config()).rotaryLayout();
    WeightRows expected = WeightRows.of(written, model.config(), layout);
    WeightRows actual = WeightRows.of(back, read.config(), layout);
    float[] a = new float[expected.width()];
    float[] b = new float[actual.width()];
    double errors = 0;
    double squares = 0;
    for (int row = 0; row < expected.count(); row++) {
      expected.reader().read(row, a);
      actual.reader().read(row, b);
      for (int i = 0; i < a.length; i++) {
        errors += Math.pow((double) a[i] - b[i], 2);
        squares += Math.pow(a[i], 2);
      }
    }
    return Math.sqrt(errors / squares);
  }

  @Test
  void rowsThatAreNoWholeBlocksGetTheNextType() throws IOException {
    Path file = folder.resolve("model.gguf");
    try (LanguageModel model = llama(true)) {
      write(file, model, WeightType.Q4_K);
    }
    GgufHeader header = GgufHeader.read(file, name -> true);
    for (GgufTensorInfo tensor : header.tensors()) {
      String name = tensor.name();
      WeightType expected =
          tensor.shape().length == 1
              ? WeightType.F32
              : name.equals("token_embd.weight")
                  ? WeightType.Q6_K
                  : name.endsWith("ffn_down.weight") ? WeightType.Q5_0 : WeightType.Q4_K;
      assertThat(tensor.type()).as(name).isEqualTo(expected.number());
    }
    assertThat(header.tensors()).noneMatch(tensor -> tensor.name().equals("output.weight"));
  }

  @Test
  void gpt2GetsTheNamesOfLlamaCpp() throws IOException {
    Path file = folder.resolve("model.gguf");
    try (LanguageModel model =
        LanguageModel.create(new Gpt2Config(50, 32, 1, 4, 16, 1e-5f, true), false)) {
      model.parameters().initialize(new RandomNumbers(3));
      write(file, model, WeightType.Q8_0);
      GgufHeader header = GgufHeader.read(file, name -> true);
      assertThat(header.tensors())
          .extracting(GgufTensorInfo::name)
          .containsExactlyInAnyOrder(
              "token_embd.weight",
              "position_embd.weight",
              "blk.0.attn_norm.weight",
              "blk.0.attn_norm.bias",
              "blk.0.attn_qkv.weight",
              "blk.0.attn_qkv.bias",
              "blk.0.attn_output.weight",
              "blk.0.attn_output.bias",
              "blk.0.ffn_norm.weight",
              "blk.0.ffn_norm.bias",
              "blk.0.ffn_up.weight",
              "blk.0.ffn_up.bias",
              "blk.0.ffn_down.weight",
              "blk.0.ffn_down.bias",
              "output_norm.weight",
              "output_norm.bias");
      for (GgufTensorInfo tensor : header.tensors()) {
        if (tensor.name().equals("position_embd.weight")) {
          assertThat(tensor.type()).isEqualTo(WeightType.F32.number());
          Parameter table = model.parameters().all().get(1);
          assertThat(
                  ByteBuffer.wrap(bytes(file, tensor, 4)).order(ByteOrder.LITTLE_ENDIAN).getFloat())
              .isEqualTo(table.tensor().at(0));
        }
        if (tensor.name().equals("blk.0.attn_qkv.weight")) {
          assertThat(tensor.shape()).containsExactly(96, 32);
        }
      }
      assertThat(header.metadata()).containsEntry("gpt2.context_length", 16L);
    }
  }

  @Test
  void aWeightThatIsNoNumberIsNamed() {
    try (LanguageModel model = llama(true)) {
      model
          .parameters()
          .all()
          .get(4)
          .tensor()
          .view(model.parameters().all().get(4).tensor().shape().dimension(0), 256)
          .rows(7, 8)
          .fill(Float.NaN);
      String name = model.parameters().all().get(4).name();
      for (WeightType type : List.of(WeightType.F32, WeightType.Q4_K)) {
        assertThatThrownBy(() -> write(folder.resolve("model.gguf"), model, type))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(name + ", row 7")
            .hasMessageContaining("NaN");
      }
      assertThat(folder.resolve("model.gguf")).doesNotExist();
    }
  }
}
