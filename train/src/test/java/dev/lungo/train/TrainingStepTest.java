package dev.lungo.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.optim.AdamW;
import dev.lungo.optim.Optimizer;
import dev.lungo.tensor.RandomNumbers;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainingStepTest {
  private static final LlamaConfig CONFIG =
      new LlamaConfig(500, 64, 3, 4, 2, 16, 160, 64, 1e-5f, 10_000, false);

  /// A step handles megabytes of activations; what it may leave to the garbage collector are the
  /// small objects that describe them.
  @Test
  void aStepLeavesNoGarbageButItsDescriptions() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Kernels kernels = KernelChoice.open(2);
        LanguageModel model = LanguageModel.create(CONFIG, true)) {
      model.parameters().initialize(new RandomNumbers(1));
      List<Optimizer> optimizers = List.of(adamW(kernels, model));
      try (TrainingStep step = new TrainingStep(kernels, model, optimizers, 8, 64, 1, 1)) {
        BatchSource batches =
            (index, ids, targets) -> {
              ids.data().fill((byte) 0);
              targets.data().fill((byte) 0);
            };
        for (int i = 1; i <= 200; i++) {
          step.run(i, batches, 1);
        }
        long before = threads.getTotalThreadAllocatedBytes();
        int steps = 50;
        for (int i = 1; i <= steps; i++) {
          step.run(200 + i, batches, 1);
        }
        long perStep = (threads.getTotalThreadAllocatedBytes() - before) / steps;
        assertThat(step.peakBytes()).isGreaterThan(4_000_000);
        assertThat(perStep).as("bytes allocated on the heap in a step").isLessThan(300_000);
      } finally {
        optimizers.forEach(Optimizer::close);
      }
    }
  }

  @Test
  void microBatchesAddUpToOneLargeBatch() {
    double[] whole = parametersAfter(8, 1);
    double[] parts = parametersAfter(2, 4);
    double largest = 0;
    for (int i = 0; i < whole.length; i++) {
      largest = Math.max(largest, Math.abs(whole[i] - parts[i]));
    }
    assertThat(largest).isLessThan(2e-5);
  }

  private static double[] parametersAfter(int batch, int microBatches) {
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = LanguageModel.create(CONFIG, true)) {
      model.parameters().initialize(new RandomNumbers(1));
      // A large epsilon makes the step proportional to the gradient, so that rounding is not blown
      // up.
      AdamW adamW =
          new AdamW(kernels).add(model.parameters().all(), new AdamW.Settings(0.1, 0, 0, 1, 0));
      try (TrainingStep step =
          new TrainingStep(kernels, model, List.of(adamW), batch, 16, microBatches, 1e9)) {
        step.run(
            1,
            (index, ids, targets) -> {
              for (int row = 0; row < batch; row++) {
                int[] window = new int[17];
                for (int i = 0; i < window.length; i++) {
                  window[i] = (int) ((index * batch + row) * 31 + i * 7) % 500;
                }
                ids.setRow(row, window, 0);
                targets.setRow(row, window, 1);
              }
            },
            1);
      } finally {
        adamW.close();
      }
      return model.parameters().all().stream()
          .flatMapToDouble(p -> {
            float[] values = p.tensor().toFloats();
            return java.util.stream.IntStream.range(0, values.length).mapToDouble(i -> values[i]);
          })
          .toArray();
    }
  }

  private static AdamW adamW(Kernels kernels, LanguageModel model) {
    return new AdamW(kernels)
        .add(model.parameters().all(), new AdamW.Settings(1e-3, 0.9, 0.95, 1e-8, 0));
  }
}
