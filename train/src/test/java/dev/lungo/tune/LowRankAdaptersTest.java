package dev.lungo.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.ParameterCount;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameters;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.weights.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LowRankAdaptersTest {
  private static final Kernels KERNELS = KernelChoice.open(2);

  @AfterAll
  static void closeKernels() {
    KERNELS.close();
  }

  private static LowRankAdapters.Settings rank(int rank, String... targets) {
    return new LowRankAdapters.Settings(rank, 2 * rank, List.of(targets));
  }

  private static float[] states(LanguageModel model) {
    try (Workspace workspace = new Workspace("states")) {
      Tensor ids = workspace.allocate(Shape.of(2, 7), DType.INT32);
      ids.set(1, 2, 3, 4, 5, 6, 7, 9, 8, 7, 6, 5, 4, 3);
      return model.hidden(Pass.inference(KERNELS, workspace), ids, Optional.empty()).toFloats();
    }
  }

  private static void scatter(Parameters parameters) {
    RandomNumbers random = new RandomNumbers(5);
    for (Parameter parameter : parameters.all()) {
      random.fillNormal(parameter.tensor(), 0.1);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Architecture.class,
      names = {"LLAMA", "GPT2"})
  void newAdaptersLeaveEveryBitOfTheOutput(Architecture architecture) {
    try (LanguageModel model = TinyModels.create(architecture, false)) {
      float[] before = states(model);
      try (LowRankAdapters adapters = new LowRankAdapters(model, rank(4), 1)) {
        assertThat(adapters.parameters().all()).isNotEmpty();
        assertThat(states(model)).containsExactly(before);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Architecture.class,
      names = {"LLAMA", "GPT2"})
  void mergedAdaptersComputeWhatTheyDidApart(Architecture architecture) {
    try (LanguageModel model = TinyModels.create(architecture, false);
        LowRankAdapters adapters = new LowRankAdapters(model, rank(3), 1)) {
      float[] before = states(model);
      scatter(adapters.parameters());
      float[] apart = states(model);
      adapters.merge(KERNELS);
      float[] merged = states(model);
      assertThat(apart).usingComparatorWithPrecision(1e-2f).isNotEqualTo(before);
      assertThat(merged).containsExactly(apart, within(1e-5f));
    }
  }

  @Test
  void closingTakesAdaptersOff() {
    try (LanguageModel model = TinyModels.create(Architecture.LLAMA, false)) {
      float[] before = states(model);
      try (LowRankAdapters adapters = new LowRankAdapters(model, rank(2), 1)) {
        scatter(adapters.parameters());
        assertThat(states(model)).isNotEqualTo(before);
      }
      assertThat(states(model)).containsExactly(before);
    }
  }

  /// With A the identity and a scale of 1, B is a whole matrix: its gradient is that of W.
  @Test
  void adaptersOfFullRankLearnWhatTheWeightWould() {
    try (LanguageModel full = TinyModels.create(Architecture.LLAMA, true);
        LanguageModel frozen = TinyModels.create(Architecture.LLAMA, false);
        LowRankAdapters adapters =
            new LowRankAdapters(
                frozen, new LowRankAdapters.Settings(32, 32, List.of("o_proj")), 1)) {
      Tensor down = adapters.parameters().all().get(0).tensor();
      Tensor up = adapters.parameters().all().get(1).tensor();
      float[] identity = new float[32 * 32];
      for (int i = 0; i < 32; i++) {
        identity[33 * i] = 1;
      }
      down.set(identity);
      gradients(full);
      gradients(frozen);
      Tensor weight =
          full.parameters().all().stream()
              .filter(one -> one.name().equals("model.layers.0.self_attn.o_proj.weight"))
              .findFirst()
              .orElseThrow()
              .tensor();
      float[] expected = weight.gradient().orElseThrow().toFloats();
      assertThat(up.gradient().orElseThrow().toFloats()).containsExactly(expected, within(1e-5f));
      assertThat(frozen.parameters().all()).allMatch(one -> one.tensor().gradient().isEmpty());
    }
  }

  private static void gradients(LanguageModel model) {
    try (Workspace workspace = new Workspace("gradients")) {
      Tensor ids = workspace.allocate(Shape.of(2, 5), DType.INT32);
      Tensor targets = workspace.allocate(Shape.of(2, 5), DType.INT32);
      ids.set(1, 2, 3, 4, 5, 9, 8, 7, 6, 5);
      targets.set(2, 3, 4, 5, 6, 8, 7, 6, 5, 4);
      Pass pass = Pass.training(KERNELS, workspace);
      pass.backward(model.loss(pass, ids, targets).mean());
    }
  }

  @Test
  void asManyParametersAsPublishedForQueriesAndValues() {
    try (LanguageModel model = TinyModels.create(Architecture.LLAMA, false);
        LowRankAdapters adapters = new LowRankAdapters(model, rank(8, "q_proj", "v_proj"), 1)) {
      assertThat(adapters.parameters().count())
          .isEqualTo(ParameterCount.ofLowRankAdapters(model.config(), 8));
    }
  }

  @Test
  void layersThatDoNotExistAreRefusedWithThoseThatDo() {
    try (LanguageModel model = TinyModels.create(Architecture.LLAMA, false)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new LowRankAdapters(model, rank(8, "query"), 1))
          .withMessageContainingAll("query", "q_proj", "down_proj");
    }
  }

  @Test
  void recurrentModelsAreRefused() {
    try (LanguageModel model = TinyModels.create(Architecture.GRU, false)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new LowRankAdapters(model, rank(8), 1))
          .withMessageContainingAll("recurrent", "--method full");
    }
  }

  @Test
  void savedAdaptersHaveTheNamesThatPeftReads(@TempDir Path folder) throws IOException {
    try (LanguageModel model = TinyModels.create(Architecture.LLAMA, false);
        LowRankAdapters adapters = new LowRankAdapters(model, rank(2, "v_proj"), 1)) {
      adapters.save(folder, "base", "CAUSAL_LM");
      try (Safetensors saved = Safetensors.open(folder.resolve(LowRankAdapters.WEIGHTS))) {
        String path = "base_model.model.model.layers.1.self_attn.v_proj.";
        assertThat(saved.find(path + "lora_A.weight").orElseThrow().shape()).containsExactly(2, 32);
        assertThat(saved.find(path + "lora_B.weight").orElseThrow().shape()).containsExactly(16, 2);
        assertThat(saved.tensors()).hasSize(4);
      }
      assertThat(folder.resolve(LowRankAdapters.CONFIG))
          .content()
          .contains("\"r\" : 2", "\"lora_alpha\" : 4.0", "\"v_proj\"");
    }
  }
}
