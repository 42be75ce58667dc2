package dev.lungo.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.nn.KvCache;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LanguageModelTest {
  private static final int VOCABULARY = 19;
  private static final int LENGTH = 11;

  static Stream<ModelConfig> configs() {
    return Stream.of(
        new LlamaConfig(VOCABULARY, 24, 2, 3, 1, 8, 40, 16, 1e-5f, 10_000, false),
        new LlamaConfig(VOCABULARY, 24, 2, 4, 2, 6, 33, 16, 1e-5f, 500, true),
        family(LlamaFamily.MISTRAL, 8, RopeScaling.NONE, 4),
        family(LlamaFamily.QWEN2, 8, new RopeScaling.Yarn(2, 8), AttentionShape.UNLIMITED),
        family(LlamaFamily.QWEN3, 8, new RopeScaling.Llama3(4, 1, 4, 64), 3),
        family(
            LlamaFamily.PHI3,
            6,
            new RopeScaling.LongRope(List.of(1.0, 1.1, 1.2), List.of(1.0, 2.0, 3.0), 4, 1.1),
            AttentionShape.UNLIMITED),
        positions(PositionScheme.LEARNED),
        positions(PositionScheme.SINUSOIDAL),
        positions(PositionScheme.NONE),
        positions(PositionScheme.ALIBI),
        positions(PositionScheme.ALIBI).with(AttentionPattern.parse("strided:3")),
        positions(PositionScheme.ROPE).with(AttentionPattern.parse("fixed:4,summary:1")),
        positions(PositionScheme.ROPE).with(AttentionPattern.parse("sinks:1,window:3")),
        positions(PositionScheme.ROPE).with(AttentionPattern.parse("blocks:5,1/11/101/0001")),
        new Gpt2Config(VOCABULARY, 24, 2, 3, 16, 1e-5f, true)
            .with(AttentionPattern.parse("global:2,window:4")),
        new Gpt2Config(VOCABULARY, 24, 2, 3, 16, 1e-5f, true).with(PositionScheme.SINUSOIDAL),
        new Gpt2Config(VOCABULARY, 24, 2, 3, 16, 1e-5f, true).with(PositionScheme.NONE),
        new Gpt2Config(VOCABULARY, 24, 2, 3, 16, 1e-5f, true).with(PositionScheme.ALIBI),
        gemma(GemmaGeneration.GEMMA2, 2, 5, 6),
        gemma(GemmaGeneration.GEMMA3, 3, AttentionShape.UNCAPPED, AttentionShape.UNCAPPED),
        new OptConfig(VOCABULARY, 24, 2, 3, 50, 16, true),
        new Gpt2Config(VOCABULARY, 24, 2, 3, 16, 1e-5f, true));
  }

  private static LlamaConfig positions(PositionScheme scheme) {
    return family(LlamaFamily.LLAMA, 8, RopeScaling.NONE, AttentionShape.UNLIMITED).with(scheme);
  }

  private static GemmaConfig gemma(
      GemmaGeneration generation, int period, float scoreCap, float logitCap) {
    RopeScaling scaling =
        generation == GemmaGeneration.GEMMA2 ? RopeScaling.NONE : new RopeScaling.Linear(8);
    return new GemmaConfig(
        generation,
        VOCABULARY,
        24,
        3,
        4,
        2,
        8,
        40,
        16,
        1e-6f,
        10_000,
        scaling,
        500,
        7,
        3,
        period,
        scoreCap,
        logitCap,
        true);
  }

  private static LlamaConfig family(
      LlamaFamily family, int rotaryDim, RopeScaling scaling, int window) {
    return new LlamaConfig(VOCABULARY, 24, 2, 4, 2, 8, 40, 16, 1e-5f, 10_000, false)
        .with(family, rotaryDim, scaling, window);
  }

  @ParameterizedTest
  @MethodSource("configs")
  void cachedStepsEqualOnePassOverTheWholeSequence(ModelConfig config) {
    try (Kernels kernels = KernelChoice.open(2);
        LanguageModel model = model(config, false);
        Workspace workspace = new Workspace("test")) {
      int[] ids = ids(1, 2 * LENGTH);
      Tensor whole = logits(kernels, model, workspace, ids, 2, LENGTH, Optional.empty());
      KvCache cache = model.newCache(workspace, 2, 16);
      float[] expected = whole.toFloats();
      int position = 0;
      for (int count : new int[] {5, 1, 1, 4}) {
        int[] part = new int[2 * count];
        for (int b = 0; b < 2; b++) {
          System.arraycopy(ids, b * LENGTH + position, part, b * count, count);
        }
        Tensor next = logits(kernels, model, workspace, part, 2, count, Optional.of(cache));
        for (int b = 0; b < 2; b++) {
          for (int i = 0; i < count * VOCABULARY; i++) {
            assertThat(next.at((long) b * count * VOCABULARY + i))
                .isCloseTo(expected[(b * LENGTH + position) * VOCABULARY + i], within(1e-5f));
          }
        }
        position += count;
        assertThat(cache.length()).isEqualTo(position);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("configs")
  void laterIdsDoNotChangeEarlierLogits(ModelConfig config) {
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = model(config, false);
        Workspace workspace = new Workspace("test")) {
      int[] ids = ids(3, LENGTH);
      float[] before =
          logits(kernels, model, workspace, ids, 1, LENGTH, Optional.empty()).toFloats();
      ids[LENGTH - 1] = (ids[LENGTH - 1] + 1) % VOCABULARY;
      float[] after =
          logits(kernels, model, workspace, ids, 1, LENGTH, Optional.empty()).toFloats();
      int untouched = (LENGTH - 1) * VOCABULARY;
      for (int i = 0; i < untouched; i++) {
        assertThat(after[i]).isEqualTo(before[i]);
      }
      assertThat(after).isNotEqualTo(before);
    }
  }

  @ParameterizedTest
  @MethodSource("configs")
  void gradientsAreTheSameBitsForAnyNumberOfThreads(ModelConfig config) {
    List<float[]> one = gradients(config, 1);
    List<float[]> three = gradients(config, 3);
    for (int i = 0; i < one.size(); i++) {
      assertThat(three.get(i)).containsExactly(one.get(i));
    }
  }

  @ParameterizedTest
  @MethodSource("configs")
  void stepsAgainstTheGradientLowerTheLoss(ModelConfig config) {
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = model(config, true);
        Workspace workspace = new Workspace("test")) {
      double first = lossAndGradients(kernels, model, workspace);
      double last = first;
      for (int step = 0; step < 20; step++) {
        for (var parameter : model.parameters().all()) {
          Tensor value = parameter.tensor();
          Tensor gradient = value.gradient().orElseThrow();
          kernels
              .elementwise()
              .scaleAndAdd(value.data(), 1, gradient.data(), -0.5f, value.elements());
        }
        last = lossAndGradients(kernels, model, workspace);
      }
      assertThat(last).isLessThan(first - 0.2);
    }
  }

  @ParameterizedTest
  @MethodSource("configs")
  void moreThanTheContextIsRefusedWithTheCounts(ModelConfig config) {
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = model(config, false);
        Workspace workspace = new Workspace("test")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> logits(kernels, model, workspace, ids(1, 17), 1, 17, Optional.empty()))
          .withMessageContaining("16 positions, but 17");
    }
  }

  @ParameterizedTest
  @MethodSource("configs")
  void parametersAreCountedWithoutAModel(ModelConfig config) {
    try (LanguageModel model = model(config, false)) {
      assertThat(ParameterCount.of(config).total()).isEqualTo(model.parameters().count());
    }
  }

  private static LanguageModel model(ModelConfig config, boolean trainable) {
    LanguageModel model = LanguageModel.create(config, trainable);
    model.parameters().initialize(new RandomNumbers(7));
    return model;
  }

  private static List<float[]> gradients(ModelConfig config, int threads) {
    try (Kernels kernels = KernelChoice.open(threads);
        LanguageModel model = model(config, true);
        Workspace workspace = new Workspace("test")) {
      lossAndGradients(kernels, model, workspace);
      return model.parameters().all().stream()
          .map(p -> p.tensor().gradient().orElseThrow().toFloats())
          .toList();
    }
  }

  private static double lossAndGradients(
      Kernels kernels, LanguageModel model, Workspace workspace) {
    workspace.reset();
    model.parameters().zeroGradients();
    Pass pass = Pass.training(kernels, workspace);
    int[] ids = ids(5, 2 * LENGTH);
    int[] targets = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      targets[i] = (ids[i] * 3 + 1) % VOCABULARY;
    }
    Tensor loss =
        model
            .loss(pass, ints(workspace, ids, 2, LENGTH), ints(workspace, targets, 2, LENGTH))
            .mean();
    pass.backward(loss);
    return loss.at(0);
  }

  private static Tensor logits(
      Kernels kernels,
      LanguageModel model,
      Workspace workspace,
      int[] ids,
      int batch,
      int length,
      Optional<KvCache> cache) {
    Pass pass = Pass.inference(kernels, workspace);
    return model.logits(pass, model.hidden(pass, ints(workspace, ids, batch, length), cache));
  }

  private static Tensor ints(Workspace workspace, int[] values, int batch, int length) {
    return workspace.allocate(Shape.of(batch, length), DType.INT32).set(values);
  }

  private static int[] ids(long seed, int count) {
    RandomNumbers random = new RandomNumbers(seed);
    int[] ids = new int[count];
    for (int i = 0; i < count; i++) {
      ids[i] = random.nextInt(VOCABULARY);
    }
    return ids;
  }
}
