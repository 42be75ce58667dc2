package dev.lungo.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.EncoderDecoderConfig.Activation;
import dev.lungo.model.EncoderDecoderConfig.NormPlacement;
import dev.lungo.model.EncoderDecoderConfig.SharedTables;
import dev.lungo.model.TranslationBatch.Pair;
import dev.lungo.nn.Dropouts;
import dev.lungo.nn.Parameter;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class EncoderDecoderTest {
  private static final int VOCABULARY = 23;
  private static final List<Pair> PAIRS =
      List.of(
          new Pair(new int[] {3, 4, 5, 6, 7, 8, 9}, new int[] {10, 11}),
          new Pair(new int[] {12}, new int[] {13, 14, 15, 16, 17, 18}),
          new Pair(new int[] {19, 20, 21}, new int[] {22, 3, 4, 5}));

  private final Kernels kernels = KernelChoice.open(2);
  private final Workspace workspace = new Workspace("test");

  @AfterEach
  void close() {
    workspace.close();
    kernels.close();
  }

  private static EncoderDecoderConfig config(
      NormPlacement norm, Activation activation, SharedTables shared, boolean biases) {
    return new EncoderDecoderConfig(
        VOCABULARY,
        VOCABULARY,
        16,
        2,
        3,
        4,
        24,
        32,
        norm,
        activation,
        SinusoidalPositions.INTERLEAVED,
        shared,
        1e-5f,
        true,
        biases,
        false,
        0,
        1,
        true);
  }

  private static EncoderDecoder model(EncoderDecoderConfig config) {
    EncoderDecoder model = new EncoderDecoder(config, true);
    model.parameters().initialize(new RandomNumbers(5));
    return model;
  }

  private static EncoderDecoder usual(NormPlacement norm) {
    return model(config(norm, Activation.RELU, SharedTables.ALL, false));
  }

  @ParameterizedTest
  @CsvSource({
    "PRE,RELU,ALL,false",
    "POST,RELU,TARGET,true",
    "PRE,GELU,NONE,true",
    "POST,SWIGLU,ALL,false"
  })
  void countedParametersAreThoseThatThereAre(
      NormPlacement norm, Activation activation, SharedTables shared, boolean biases) {
    EncoderDecoderConfig config = config(norm, activation, shared, biases);
    try (EncoderDecoder model = new EncoderDecoder(config, false)) {
      assertThat(ParameterCount.of(config).total()).isEqualTo(model.parameters().count());
    }
  }

  @Test
  void thePublishedBaseModelHasAsManyParametersAsCounted() {
    assertThat(ParameterCount.of(PublishedModels.TRANSFORMER_BASE).total()).isEqualTo(63_045_632);
    assertThat(ParameterCount.of(PublishedModels.TRANSFORMER_BIG).total()).isEqualTo(214_171_648);
  }

  @ParameterizedTest
  @EnumSource
  void paddingChangesNoLoss(NormPlacement norm) {
    try (EncoderDecoder model = usual(norm)) {
      float[] together = losses(model, PAIRS);
      int width = together.length / PAIRS.size();
      for (int row = 0; row < PAIRS.size(); row++) {
        float[] alone = losses(model, List.of(PAIRS.get(row)));
        for (int t = 0; t < width; t++) {
          float expected = t < alone.length ? alone[t] : 0;
          assertThat(together[row * width + t]).isCloseTo(expected, within(2e-6f));
        }
      }
    }
  }

  private float[] losses(EncoderDecoder model, List<Pair> pairs) {
    TranslationBatch batch = TranslationBatch.of(workspace, model.config(), pairs);
    Pass pass = Pass.inference(kernels, workspace);
    return model.loss(pass, batch, Dropouts.none(), 0).perToken().toFloats();
  }

  @Test
  void gradientsOfAPaddedBatchAreTheSumOfThoseAlone() {
    try (EncoderDecoder model = usual(NormPlacement.PRE)) {
      float[] together = gradients(model, PAIRS, 1);
      float[] sum = new float[together.length];
      int tokens = PAIRS.stream().mapToInt(pair -> pair.target().length + 1).sum();
      for (Pair pair : PAIRS) {
        float[] alone = gradients(model, List.of(pair), (pair.target().length + 1f) / tokens);
        for (int i = 0; i < sum.length; i++) {
          sum[i] += alone[i];
        }
      }
      for (int i = 0; i < sum.length; i++) {
        assertThat(together[i]).isCloseTo(sum[i], within(1e-5f));
      }
    }
  }

  private float[] gradients(EncoderDecoder model, List<Pair> pairs, float factor) {
    model.parameters().zeroGradients();
    Pass pass = Pass.training(kernels, workspace);
    TranslationBatch batch = TranslationBatch.of(workspace, model.config(), pairs);
    Tensor mean = model.loss(pass, batch, Dropouts.none(), 0).mean();
    pass.backward(mean, workspace.allocate(Shape.of(), DType.FLOAT32).fill(factor));
    float[] all = new float[Math.toIntExact(model.parameters().count())];
    int at = 0;
    for (Parameter parameter : model.parameters().all()) {
      float[] some = parameter.tensor().gradient().orElseThrow().toFloats();
      System.arraycopy(some, 0, all, at, some.length);
      at += some.length;
    }
    return all;
  }

  @ParameterizedTest
  @CsvSource({"PRE,RELU", "POST,GELU", "POST,SWIGLU"})
  void gradientsAreThoseOfFiniteDifferences(NormPlacement norm, Activation activation) {
    try (EncoderDecoder model = model(config(norm, activation, SharedTables.ALL, true))) {
      float[] gradients = gradients(model, PAIRS, 1);
      RandomNumbers random = new RandomNumbers(9);
      int start = 0;
      for (Parameter parameter : model.parameters().all()) {
        int index = random.nextInt(Math.toIntExact(parameter.tensor().elements()));
        double expected = slope(model, parameter.tensor(), index);
        assertThat((double) gradients[start + index])
            .as(parameter.name())
            .isCloseTo(expected, within(2e-3 + 0.03 * Math.abs(expected)));
        start += Math.toIntExact(parameter.tensor().elements());
      }
    }
  }

  private double slope(EncoderDecoder model, Tensor parameter, int index) {
    float step = 4e-3f;
    float value = parameter.at(index);
    double[] loss = new double[2];
    for (int side = 0; side < 2; side++) {
      parameter
          .data()
          .setAtIndex(ValueLayout.JAVA_FLOAT, index, side == 0 ? value - step : value + step);
      TranslationBatch batch = TranslationBatch.of(workspace, model.config(), PAIRS);
      Pass pass = Pass.inference(kernels, workspace);
      loss[side] = model.loss(pass, batch, Dropouts.none(), 0).mean().at(0);
    }
    parameter.data().setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    return (loss[1] - loss[0]) / (2 * step);
  }

  @Test
  void aLaterTargetChangesNoBitOfEarlierLogits() {
    try (EncoderDecoder model = usual(NormPlacement.POST)) {
      int[] ids = {0, 4, 5, 6, 7, 8, 9, 10};
      float[] before = logits(model, ids);
      ids[5] = 20;
      float[] after = logits(model, ids);
      for (int i = 0; i < 5 * VOCABULARY; i++) {
        assertThat(Float.floatToRawIntBits(after[i])).isEqualTo(Float.floatToRawIntBits(before[i]));
      }
      assertThat(after[5 * VOCABULARY]).isNotEqualTo(before[5 * VOCABULARY]);
    }
  }

  private float[] logits(EncoderDecoder model, int... ids) {
    Pass pass = Pass.inference(kernels, workspace);
    Tensor encoded = model.encode(pass, ints(1, 3, 3, 12, 1), 3);
    Tensor hidden = model.decode(pass, encoded, new int[] {3}, ints(1, ids.length, ids));
    return model.logits(pass, hidden).toFloats();
  }

  private Tensor ints(int rows, int columns, int... ids) {
    return workspace.allocate(Shape.of(rows, columns), DType.INT32).set(ids);
  }

  @ParameterizedTest
  @EnumSource
  void decodingWithACacheGivesTheSameLogits(NormPlacement norm) {
    try (EncoderDecoder model = usual(norm)) {
      Pass pass = Pass.inference(kernels, workspace);
      int[] lengths = {4, 2};
      Tensor encoded = model.encode(pass, ints(2, 4, 3, 4, 5, 1, 6, 1, 0, 0), lengths);
      int[] targets = {0, 7, 8, 9, 10, 0, 11, 12, 13, 14};
      float[] whole =
          model.logits(pass, model.decode(pass, encoded, lengths, ints(2, 5, targets))).toFloats();
      DecoderState state = model.start(pass, encoded, lengths, 1, 5);
      for (int t = 0; t < 5; t++) {
        Tensor next = ints(2, 1, targets[t], targets[5 + t]);
        float[] step = model.logits(pass, model.decode(pass, state, next)).toFloats();
        for (int row = 0; row < 2; row++) {
          for (int v = 0; v < VOCABULARY; v++) {
            assertThat(step[row * VOCABULARY + v])
                .isCloseTo(whole[(row * 5 + t) * VOCABULARY + v], within(1e-5f));
          }
        }
      }
      assertThat(state.length()).isEqualTo(5);
    }
  }

  @Test
  void targetsOfOneSourceCanBranch() {
    try (EncoderDecoder model = usual(NormPlacement.PRE)) {
      Pass pass = Pass.inference(kernels, workspace);
      Tensor encoded = model.encode(pass, ints(1, 3, 3, 12, 1), 3);
      DecoderState state = model.start(pass, encoded, new int[] {3}, 3, 4);
      model.decode(pass, state, ints(1, 1, 0));
      state.select(0, 0, 0);
      model.decode(pass, state, ints(3, 1, 5, 6, 7));
      state.select(2, 0);
      float[] branches = model.logits(pass, model.decode(pass, state, ints(2, 1, 8, 9))).toFloats();
      float[] first = logits(model, 0, 7, 8);
      float[] second = logits(model, 0, 5, 9);
      for (int v = 0; v < VOCABULARY; v++) {
        assertThat(branches[v]).isCloseTo(first[2 * VOCABULARY + v], within(1e-5f));
        assertThat(branches[VOCABULARY + v]).isCloseTo(second[2 * VOCABULARY + v], within(1e-5f));
      }
    }
  }

  @Test
  void theSameSeedDropsTheSameAndDropoutEndsWithTraining() {
    try (EncoderDecoder model = usual(NormPlacement.PRE)) {
      List<Double> losses = new ArrayList<>();
      for (long seed : new long[] {1, 1, 2}) {
        TranslationBatch batch = TranslationBatch.of(workspace, model.config(), PAIRS);
        Pass pass = Pass.training(kernels, workspace);
        losses.add((double) model.loss(pass, batch, new Dropouts(0.3f, seed), 0.1f).mean().at(0));
      }
      assertThat(losses.get(1)).isEqualTo(losses.get(0));
      assertThat(losses.get(2)).isNotEqualTo(losses.get(0));
    }
  }

  @Test
  void impossibleShapesAreRefusedWithTheirSizes() {
    assertThatThrownBy(() -> EncoderDecoderConfig.published(100, 30, 2, 4, 64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiple of heads 4");
    try (EncoderDecoder model = usual(NormPlacement.PRE)) {
      Pass pass = Pass.inference(kernels, workspace);
      assertThatThrownBy(() -> model.encode(pass, ints(1, 2, 3, 4), 3))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("3 ids");
      assertThatThrownBy(() -> logits(model, new int[33]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("32 positions");
    }
  }

  @Test
  void positionsAreThePapers() {
    float[] table = SinusoidalPositions.INTERLEAVED.table(workspace, 3, 4).toFloats();
    assertThat(table[0]).isEqualTo(0);
    assertThat(table[1]).isEqualTo(1);
    assertThat((double) table[8]).isCloseTo(Math.sin(2), within(1e-6));
    assertThat((double) table[9]).isCloseTo(Math.cos(2), within(1e-6));
    assertThat((double) table[10]).isCloseTo(Math.sin(0.02), within(1e-6));
    assertThat((double) table[11]).isCloseTo(Math.cos(0.02), within(1e-6));
  }
}
