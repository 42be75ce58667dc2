package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.Parameter;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FolderWeightsTest {
  @TempDir Path folder;

  private void write(String name, WeightType type) throws IOException {
    try (LanguageModel model = TinyModels.random(TinyModels.folders().get(name), 5)) {
      ModelFolderWriter.write(folder, model, SpecialTokenIds.NONE, type, 1, step -> {});
    }
  }

  private static Stream<Arguments> models() {
    return TinyModels.folders().keySet().stream()
        .flatMap(name ->
            Stream.of(WeightType.F16, WeightType.BF16).map(type -> Arguments.of(name, type)));
  }

  /// The same numbers, used where they are stored and read as float32.
  @ParameterizedTest
  @MethodSource("models")
  void sixteenBitsWhereTheyLieGiveWhatTheyGiveAsFloats(String name, WeightType type)
      throws IOException {
    write(name, type);
    try (Kernels kernels = KernelChoice.open(2);
        LanguageModel inPlace = ModelFiles.load(folder);
        LanguageModel read = ModelFolder.load(folder, false)) {
      float[] expected = logits(kernels, read);
      float[] actual = logits(kernels, inPlace);
      for (int i = 0; i < expected.length; i++) {
        assertThat(actual[i]).isCloseTo(expected[i], Offset.offset(2e-4f));
      }
      for (Parameter parameter : inPlace.parameters().all()) {
        boolean kept =
            parameter.tensor().shape().rank() == 2
                && !parameter.transposedInFile()
                && !parameter.lessOneInFile();
        assertThat(parameter.tensor().type())
            .as(parameter.name())
            .isEqualTo(kept ? type.dtype() : DType.FLOAT32);
      }
    }
  }

  private static float[] logits(Kernels kernels, LanguageModel model) {
    try (Workspace workspace = new Workspace("test")) {
      Pass pass = Pass.inference(kernels, workspace);
      int[] values = new int[40];
      for (int i = 0; i < values.length; i++) {
        values[i] = (i * 37 + 11) % TinyModels.VOCABULARY;
      }
      Tensor ids = workspace.allocate(Shape.of(1, values.length), DType.INT32).set(values);
      return model.logits(pass, model.hidden(pass, ids, Optional.empty())).toFloats();
    }
  }

  @Test
  void aCutFileIsNoticedBeforeItIsRead() throws IOException {
    write("llama", WeightType.BF16);
    try (LanguageModel model = ModelFiles.load(folder)) {
      model.parameters().requireWhole();
      try (FileChannel file =
          FileChannel.open(folder.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
        file.truncate(file.size() - 1);
      }
      assertThatThrownBy(model.parameters()::requireWhole)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("was cut from");
    }
  }

  @Test
  void weightsEndWithTheirModel() throws IOException {
    write("llama", WeightType.BF16);
    LanguageModel model = ModelFiles.load(folder);
    Tensor weight = model.parameters().all().getFirst().tensor();
    model.close();
    assertThatThrownBy(() -> weight.data().get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }
}
