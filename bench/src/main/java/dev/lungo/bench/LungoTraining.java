package dev.lungo.bench;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.optim.AdamW;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;
import dev.lungo.train.TrainingStep;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/// Our side of the training benchmark: the step that `./lungo train` takes, with AdamW as libtorch
/// has it by default.
final class LungoTraining implements TrainingContestant {
  static final AdamW.Settings ADAMW = new AdamW.Settings(3e-4, 0.9, 0.999, 1e-8, 1e-2);

  private final Kernels kernels;
  private final LanguageModel model;
  private final AdamW optimizer;
  private final TrainingStep step;
  private final int[][] batches;
  private long steps;

  LungoTraining(TrainingCase sizes, int threads, long seed, int[][] batches) {
    this.batches = batches;
    kernels = KernelChoice.open(threads);
    model = LanguageModel.create(sizes.config(), true);
    model.parameters().initialize(new RandomNumbers(seed));
    optimizer = new AdamW(kernels).add(model.parameters().all(), ADAMW);
    step =
        new TrainingStep(
            kernels,
            model,
            List.of(optimizer),
            sizes.batch(),
            sizes.context(),
            1,
            Double.POSITIVE_INFINITY);
  }

  /// Writes the weights as they are now.
  void writeWeights(Path file) throws IOException {
    TrainingFiles.writeWeights(file, model.parameters());
  }

  @Override
  public Steps run(int first, int count) {
    double[] losses = new double[count];
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      int[] batch = batches[(first + i) % batches.length];
      losses[i] = step.run(++steps, (index, ids, targets) -> copy(batch, ids, targets), 1).loss();
    }
    return new Steps((System.nanoTime() - start) / 1e9, losses);
  }

  private static void copy(int[] batch, Tensor ids, Tensor targets) {
    int half = batch.length / 2;
    MemorySegment.copy(batch, 0, ids.data(), ValueLayout.JAVA_INT, 0, half);
    MemorySegment.copy(batch, half, targets.data(), ValueLayout.JAVA_INT, 0, half);
  }

  @Override
  public void close() {
    step.close();
    optimizer.close();
    model.close();
    kernels.close();
  }
}
