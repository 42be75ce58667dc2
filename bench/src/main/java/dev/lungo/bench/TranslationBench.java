package dev.lungo.bench;

import dev.lungo.bench.Rounds.Measurement;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.TranslationBatch.Pair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Training steps of an encoder–decoder against libtorch's Transformer modules: same sizes, same
/// first weights, same bucketed batches.
///
/// Before anything is timed, both take the same steps and their losses must agree. libtorch's
/// encoder and decoder are used without the norm that its `Transformer` puts behind each, which the
/// published model has not; that spares libtorch a little work.
@Command(name = "translation", description = "Encoder–decoder training steps, against libtorch.")
final class TranslationBench implements Callable<Integer> {
  private static final double LOSS_TOLERANCE = 1e-3;
  private static final long SEED = 42;

  /// One batch of each bucket.
  private static final int BATCHES = 3;

  @Mixin private BenchOptions options = new BenchOptions();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      split = ",",
      description = "Threads on either side, one or more numbers (default: 1,2).")
  private List<Integer> threads = List.of(1, 2);

  @Override
  public Integer call() throws Exception {
    Path folder = Files.createTempDirectory("lungo-bench");
    try (Kernels kernels = KernelChoice.open(1)) {
      Report report =
          new Report("translation", Machine.here(kernels.description()), options, System.out);
      List<List<Pair>> batches = TranslationCase.batches(BATCHES, SEED);
      Path file = folder.resolve("batches");
      TranslationCase.write(file, batches);
      for (int count : threads) {
        measure(report, folder.resolve("weights"), file, batches, count);
      }
      report.finish();
    } finally {
      TemporaryFiles.delete(folder);
    }
    return 0;
  }

  private void measure(Report report, Path weights, Path file, List<List<Pair>> batches, int count)
      throws Exception {
    try (LungoTranslation ours = new LungoTranslation(count, SEED, batches)) {
      ours.writeWeights(weights);
      if (!options.peers()) {
        ours.run(0, BATCHES);
        double alone = Rounds.medians(options.rounds(), List.of(rate(ours)))[0];
        report.add(Row.alone("3+3 layers, width 256", count, "tokens/s", alone));
        return;
      }
      // On some machines libtorch is faster on one thread than on several: it may use its best.
      try (TrainingContestant theirs = peer(count, weights, file);
          TrainingContestant single = peer(1, weights, file)) {
        compareLosses(report, count, ours, theirs);
        List<Measurement> contestants = new ArrayList<>(List.of(rate(ours), rate(theirs)));
        if (count > 1) {
          contestants.add(rate(single));
        }
        double[] medians = Rounds.medians(options.rounds(), contestants);
        double best = count > 1 ? Math.max(medians[1], medians[2]) : medians[1];
        report.add(
            Row.ofRates(
                "3+3 layers, width 256",
                count,
                "tokens/s",
                medians[0],
                LibtorchTraining.NAME,
                best));
      }
    }
  }

  /// Counts the positions of both sides, padding included: the same for both contestants.
  private static Measurement rate(TrainingContestant contestant) {
    return () -> 2.0 * BATCHES * TranslationCase.TOKENS / contestant.run(0, BATCHES).seconds();
  }

  private static TrainingContestant peer(int threads, Path weights, Path batches)
      throws IOException {
    Child child = LibtorchTraining.start("dev.lungo.bench.peer.LibtorchTranslation", threads);
    child.ask("start " + threads + " " + weights + " " + batches);
    return new TrainingContestant() {
      @Override
      public Steps run(int first, int count) throws IOException {
        String[] words = child.ask("steps " + first + " " + count);
        double[] losses = new double[count];
        for (int i = 0; i < count; i++) {
          losses[i] = Double.parseDouble(words[i + 1]);
        }
        return new Steps(Double.parseDouble(words[0]), losses);
      }

      @Override
      public void close() throws IOException {
        child.close();
      }
    };
  }

  /// @throws IllegalStateException if the losses differ: a rate of another computation is worth
  ///   nothing
  private void compareLosses(
      Report report, int count, TrainingContestant ours, TrainingContestant theirs)
      throws IOException {
    int steps = options.quick() ? BATCHES : 3 * BATCHES;
    double[] mine = ours.run(0, steps).losses();
    double[] other = theirs.run(0, steps).losses();
    double worst = 0;
    for (int i = 0; i < steps; i++) {
      double difference = Math.abs(mine[i] - other[i]);
      worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
    }
    report.add(Row.alone("largest loss difference, " + steps + " steps", count, "nats", worst));
    if (worst > LOSS_TOLERANCE) {
      throw new IllegalStateException(
          "losses differ by up to "
              + worst
              + ", more than "
              + LOSS_TOLERANCE
              + ": the two do not compute the same");
    }
  }
}
