package dev.lungo.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.KvCacheSize;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.PublishedModels;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KvCacheTest {
  private static final int VOCABULARY = 23;

  /// Four key/value heads of 24 numbers: blocks of 32 reach across heads.
  private static final LlamaConfig CONFIG =
      new LlamaConfig(VOCABULARY, 96, 3, 8, 4, 24, 80, 64, 1e-5f, 10_000, true);

  private static LanguageModel model() {
    LanguageModel model = LanguageModel.create(CONFIG, false);
    model.parameters().initialize(new RandomNumbers(7));
    return model;
  }

  private static int[] ids(int count, long seed) {
    RandomNumbers random = new RandomNumbers(seed);
    int[] ids = new int[count];
    for (int i = 0; i < count; i++) {
      ids[i] = random.nextInt(VOCABULARY);
    }
    return ids;
  }

  /// Returns the logits of every position, (T, V) of each sequence.
  private static float[] logits(
      Kernels kernels, LanguageModel model, KvCache cache, int batch, int... ids) {
    try (Workspace workspace = new Workspace("step")) {
      Pass pass = Pass.inference(kernels, workspace);
      Tensor input = workspace.allocate(Shape.of(batch, ids.length / batch), DType.INT32).set(ids);
      return model.logits(pass, model.hidden(pass, input, Optional.of(cache))).toFloats();
    }
  }

  private static float[] last(float[] logits) {
    return Arrays.copyOfRange(logits, logits.length - VOCABULARY, logits.length);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "FLOAT16", "Q8_0"})
  void fewPositionsTogetherGiveTheBitsOfOneByOne(DType type) {
    try (Kernels kernels = KernelChoice.open(2);
        LanguageModel model = model();
        Workspace memory = new Workspace("cache")) {
      int[] ids = ids(12, 1);
      KvCache together = model.newCache(memory, 1, 40, type);
      KvCache single = model.newCache(memory, 1, 40, type);
      logits(kernels, model, together, 1, ids(20, 2));
      logits(kernels, model, single, 1, ids(20, 2));
      float[] all = logits(kernels, model, together, 1, ids);
      for (int i = 0; i < ids.length; i++) {
        assertThat(logits(kernels, model, single, 1, ids[i]))
            .isEqualTo(Arrays.copyOfRange(all, i * VOCABULARY, (i + 1) * VOCABULARY));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "FLOAT16", "Q8_0"})
  void sequencesOfABatchGiveTheBitsOfEachAlone(DType type) {
    try (Kernels kernels = KernelChoice.open(2);
        LanguageModel model = model();
        Workspace memory = new Workspace("cache")) {
      KvCache batch = model.newCache(memory, 4, 40, type);
      batch.restart(1);
      logits(kernels, model, batch, 1, ids(17, 3));
      batch.select(0, 0, 0, 0);
      KvCache single = model.newCache(memory, 1, 40, type);
      logits(kernels, model, single, 1, ids(17, 3));
      float[] together = logits(kernels, model, batch, 4, 5, 6, 7, 8);
      float[] next = logits(kernels, model, batch, 4, 1, 2, 3, 4);
      for (int i = 0; i < 4; i++) {
        single.truncate(17);
        assertThat(logits(kernels, model, single, 1, 5 + i))
            .isEqualTo(Arrays.copyOfRange(together, i * VOCABULARY, (i + 1) * VOCABULARY));
        assertThat(logits(kernels, model, single, 1, 1 + i))
            .isEqualTo(Arrays.copyOfRange(next, i * VOCABULARY, (i + 1) * VOCABULARY));
      }
    }
  }

  @Test
  void selectingMovesSequencesInAnyOrder() {
    try (Workspace memory = new Workspace("cache")) {
      for (int[] sources :
          List.of(
              new int[] {0, 0, 0, 0},
              new int[] {3, 2, 1, 0},
              new int[] {1, 0},
              new int[] {2, 2, 0, 1},
              new int[] {1, 3},
              new int[] {0, 1, 2, 3},
              new int[] {3})) {
        CachedNumbers numbers =
            new CachedNumbers(
                memory,
                Shape.of(4, 5, 1, 2),
                DType.FLOAT32,
                new CachedNumbers.Expanded(memory, DType.FLOAT32, Shape.of(4, 5, 1, 2)));
        float[] values = new float[4 * 3 * 2];
        for (int i = 0; i < values.length; i++) {
          values[i] = i;
        }
        numbers.store(memory.allocate(4, 3, 1, 2).set(values), 0);
        numbers.select(sources, 3);
        float[] after = numbers.sequences(sources.length).toFloats();
        for (int i = 0; i < sources.length; i++) {
          assertThat(Arrays.copyOfRange(after, i * 10, i * 10 + 6))
              .as(Arrays.toString(sources))
              .isEqualTo(Arrays.copyOfRange(values, sources[i] * 6, sources[i] * 6 + 6));
        }
      }
    }
  }

  @Test
  void roundingCostsLittle() {
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = model();
        Workspace memory = new Workspace("cache")) {
      int[] prompt = ids(30, 4);
      float[] exact = last(logits(kernels, model, model.newCache(memory, 1, 40), 1, prompt));
      assertThat(distance(kernels, model, memory, DType.FLOAT16, prompt, exact))
          .isBetween(1e-9f, 1e-3f);
      assertThat(distance(kernels, model, memory, DType.Q8_0, prompt, exact))
          .isBetween(1e-9f, 1e-2f);
    }
  }

  private static float distance(
      Kernels kernels,
      LanguageModel model,
      Workspace memory,
      DType type,
      int[] prompt,
      float[] exact) {
    // The prompt in two parts, the second over the expanded cache, then one more id as a row.
    KvCache cache = model.newCache(memory, 1, 40, type);
    logits(kernels, model, cache, 1, Arrays.copyOf(prompt, 14));
    logits(kernels, model, cache, 1, Arrays.copyOfRange(prompt, 14, 29));
    float[] rounded = logits(kernels, model, cache, 1, prompt[29]);
    float most = 0;
    for (int i = 0; i < VOCABULARY; i++) {
      most = Math.max(most, Math.abs(rounded[i] - exact[i]));
    }
    return most;
  }

  @Test
  void storedNumbersAreTheNearest() {
    try (Workspace memory = new Workspace("cache")) {
      Shape shape = Shape.of(1, 1, 1, 32);
      float[] values = new float[32];
      for (int i = 0; i < 32; i++) {
        values[i] = (i - 20) * 0.37f;
      }
      values[3] = 1e9f;
      CachedNumbers halves =
          new CachedNumbers(
              memory,
              shape,
              DType.FLOAT16,
              new CachedNumbers.Expanded(memory, DType.FLOAT16, shape));
      halves.store(memory.allocate(shape, DType.FLOAT32).set(values), 0);
      float[] decoded = decode(halves, DType.FLOAT16);
      for (int i = 0; i < 32; i++) {
        float clamped = Math.min(values[i], 65504);
        assertThat(decoded[i]).isCloseTo(clamped, within(Math.abs(clamped) / 2048));
      }
      values[3] = 0;
      CachedNumbers bytes =
          new CachedNumbers(
              memory, shape, DType.Q8_0, new CachedNumbers.Expanded(memory, DType.Q8_0, shape));
      bytes.store(memory.allocate(shape, DType.FLOAT32).set(values), 0);
      decoded = decode(bytes, DType.Q8_0);
      for (int i = 0; i < 32; i++) {
        // Half a step of 20 · 0.37 / 127, and what rounding the step to half precision adds.
        assertThat(decoded[i]).isCloseTo(values[i], within(0.5f * 7.4f / 127 + 7.4f / 2048));
      }
    }
  }

  private static float[] decode(CachedNumbers numbers, DType type) {
    float[] decoded = new float[32];
    MemorySegment stored = numbers.stored(1);
    type.format().orElseThrow().decode(stored, 0, decoded, 0, 32);
    return decoded;
  }

  @Test
  void memoryPerTokenIsTheArithmetic() {
    // 2 · 32 layers · 8 heads · 128 numbers.
    assertThat(KvCacheSize.bytesPerToken(PublishedModels.LLAMA_3_8B, DType.FLOAT16))
        .isEqualTo(131_072);
    assertThat(KvCacheSize.bytesPerToken(PublishedModels.LLAMA_3_8B, DType.FLOAT32))
        .isEqualTo(262_144);
    assertThat(KvCacheSize.bytesPerToken(PublishedModels.LLAMA_3_8B, DType.Q8_0))
        .isEqualTo(65_536 / 32 * 34);
    for (DType type : List.of(DType.FLOAT32, DType.FLOAT16, DType.Q8_0)) {
      try (LanguageModel model = model();
          Workspace memory = new Workspace("cache")) {
        long bytes = 0;
        for (MemorySegment part : model.newCache(memory, 2, 9, type).stored(9)) {
          bytes += part.byteSize();
        }
        assertThat(bytes).isEqualTo(9 * KvCacheSize.bytesPerToken(CONFIG, type));
        assertThat(memory.usedBytes()).isBetween(2 * bytes, 2 * bytes + 1024);
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    try (Workspace memory = new Workspace("cache")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new KvCache(memory, 1, 1, 4, 2, 8, DType.Q8_0))
          .withMessageContaining("the 16 numbers of a position fill no whole blocks of Q8_0");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new KvCache(memory, 1, 1, 4, 2, 32, DType.Q4_0))
          .withMessageContaining("not in Q4_0");
      KvCache cache = new KvCache(memory, 1, 2, 4, 2, 8);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> cache.select(0, 1, 0))
          .withMessageContaining("room for 1 to 2 sequences, not 3");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> cache.select(2))
          .withMessageContaining("no sequence 2 among 2");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> cache.restart(3))
          .withMessageContaining("not 3");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> cache.stored(5))
          .withMessageContaining("5 positions exceed its capacity of 4");
      assertThat(cache.stored(2).getFirst().get(ValueLayout.JAVA_FLOAT, 0)).isFinite();
    }
  }
}
