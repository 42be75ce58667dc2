package dev.lungo.bench;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.model.TranslationBatch.Pair;
import dev.lungo.optim.AdamW;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.train.TranslationStep;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Our side of the translation benchmark: the step that `./lungo train --task translation` takes,
/// with AdamW as libtorch has it by default.
final class LungoTranslation implements TrainingContestant {
  private final Kernels kernels;
  private final EncoderDecoder model;
  private final AdamW optimizer;
  private final TranslationStep step;
  private final List<List<Pair>> batches;
  private long steps;

  LungoTranslation(int threads, long seed, List<List<Pair>> batches) {
    this.batches = batches;
    kernels = KernelChoice.open(threads);
    model = new EncoderDecoder(TranslationCase.config(), true);
    model.parameters().initialize(new RandomNumbers(seed));
    optimizer = new AdamW(kernels).add(model.parameters().all(), LungoTraining.ADAMW);
    step =
        new TranslationStep(
            kernels, model, List.of(optimizer), 0, 0, Double.POSITIVE_INFINITY, seed);
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
      losses[i] = step.run(++steps, batches.get((first + i) % batches.size()), 1).loss();
    }
    return new Steps((System.nanoTime() - start) / 1e9, losses);
  }

  @Override
  public void close() {
    step.close();
    optimizer.close();
    model.close();
    kernels.close();
  }
}
