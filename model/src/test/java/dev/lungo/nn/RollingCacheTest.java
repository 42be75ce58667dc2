package dev.lungo.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.LlamaFamily;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.PositionScheme;
import dev.lungo.model.RopeScaling;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RollingCacheTest {
  private static final int VOCABULARY = 23;
  private static final int LENGTH = 90;
  private static final int WINDOW = 8;

  private static LlamaConfig config(int layers, RotaryLayout layout) {
    return new LlamaConfig(VOCABULARY, 96, layers, 4, 2, 24, 80, 100, 1e-5f, 100, true, layout);
  }

  private static LanguageModel model(ModelConfig config) {
    LanguageModel model = LanguageModel.create(config, false);
    RandomNumbers random = new RandomNumbers(7);
    model.parameters().initialize(random);
    for (Parameter parameter : model.parameters().all()) {
      if (parameter.role() == Parameter.Role.MATRIX) {
        random.fillNormal(parameter.tensor(), 0.15);
      }
    }
    return model;
  }

  private static int[] ids() {
    RandomNumbers random = new RandomNumbers(3);
    int[] ids = new int[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      ids[i] = random.nextInt(VOCABULARY);
    }
    return ids;
  }

  /// Returns the logits after each id.
  private static float[] logits(
      Kernels kernels, LanguageModel model, Optional<KvCache> cache, int... ids) {
    try (Workspace workspace = new Workspace("step")) {
      Pass pass = Pass.inference(kernels, workspace);
      Tensor input = workspace.allocate(Shape.of(1, ids.length), DType.INT32).set(ids);
      return model.logits(pass, model.hidden(pass, input, cache)).toFloats();
    }
  }

  private static float[] last(float[] logits) {
    return Arrays.copyOfRange(logits, logits.length - VOCABULARY, logits.length);
  }

  @ParameterizedTest
  @EnumSource(RotaryLayout.class)
  void aModelWithAWindowComputesTheSameFromACacheThatForgets(RotaryLayout layout) {
    LlamaConfig config = config(2, layout).with(LlamaFamily.MISTRAL, 24, RopeScaling.NONE, WINDOW);
    try (Kernels kernels = KernelChoice.open(2);
        LanguageModel model = model(config);
        Workspace memory = new Workspace("cache")) {
      int[] ids = ids();
      float[] whole = logits(kernels, model, Optional.empty(), ids);
      for (DType type : new DType[] {DType.FLOAT32, DType.FLOAT16}) {
        KvCache cache = model.newRollingCache(memory, 1, new RollingWindow(0, WINDOW), type);
        assertThat(cache.capacity()).isEqualTo(24);
        int position = 0;
        for (int count = 1; position < LENGTH; count = Math.min(17, LENGTH - position)) {
          int[] block = Arrays.copyOfRange(ids, position, position + count);
          float[] seen = last(logits(kernels, model, Optional.of(cache), block));
          position += count;
          assertThat(seen)
              .containsExactly(
                  last(Arrays.copyOf(whole, position * VOCABULARY)),
                  within(type == DType.FLOAT32 ? 1e-4f : 2e-2f));
          assertThat(cache.length()).isLessThanOrEqualTo(24);
          assertThat(cache.isFull()).isFalse();
        }
      }
    }
  }

  @Test
  void sinksAndTheWindowAreAllThatIsSeen() {
    // Without positions and with one layer, it makes no difference what stood between.
    LlamaConfig config = config(1, RotaryLayout.HALVES).with(PositionScheme.NONE);
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = model(config);
        Workspace memory = new Workspace("cache")) {
      int[] ids = ids();
      KvCache cache = model.newRollingCache(memory, 1, new RollingWindow(3, WINDOW), DType.FLOAT32);
      for (int i = 0; i < LENGTH; i++) {
        float[] seen = last(logits(kernels, model, Optional.of(cache), ids[i]));
        int[] kept = Arrays.copyOf(ids, i + 1);
        if (i >= 3 + WINDOW) {
          kept = Arrays.copyOf(ids, 3 + WINDOW);
          System.arraycopy(ids, i + 1 - WINDOW, kept, 3, WINDOW);
        }
        assertThat(seen)
            .containsExactly(last(logits(kernels, model, Optional.empty(), kept)), within(1e-4f));
      }
    }
  }

  @Test
  void whatCannotRollIsRefused() {
    RollingWindow window = new RollingWindow(4, 90);
    assertThatIllegalArgumentException().isThrownBy(() -> new RollingWindow(0, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new RollingWindow(-1, 5));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> window.capacity(80))
        .withMessageContaining("4 attention sinks and a window of 90 exceed")
        .withMessageContaining("context of 80");
    for (ModelConfig config :
        new ModelConfig[] {
          config(1, RotaryLayout.HALVES).with(PositionScheme.LEARNED),
          new Gpt2Config(VOCABULARY, 24, 1, 4, 100, 1e-5f, true)
        }) {
      try (LanguageModel model = model(config);
          Workspace memory = new Workspace("cache")) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> model.newRollingCache(memory, 1, window, DType.FLOAT32))
            .withMessageContaining("hold where they stood");
      }
    }
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = model(config(1, RotaryLayout.HALVES));
        Workspace memory = new Workspace("cache")) {
      KvCache cache = model.newRollingCache(memory, 1, window, DType.FLOAT32);
      assertThat(cache.room()).isEqualTo(7);
      logits(kernels, model, Optional.of(cache), new int[95]);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> logits(kernels, model, Optional.of(cache), new int[8]))
          .withMessageContaining("exceed the 7");
      assertThatIllegalStateException().isThrownBy(() -> cache.roll(window, KeyTurn.NONE));
    }
  }
}
