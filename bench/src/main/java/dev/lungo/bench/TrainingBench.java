package dev.lungo.bench;

import dev.lungo.bench.Rounds.Measurement;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Training steps against libtorch: same sizes, same first weights, same batches.
///
/// Before anything is timed, both take the same steps and their losses must agree. Our model always
/// has rotary positions; the case `reference` gives them to libtorch too, and `reference, peer
/// without RoPE` spares libtorch that work, so that its ratio is a lower bound.
@Command(name = "training", description = "Training steps, against libtorch.")
final class TrainingBench implements Callable<Integer> {
  @Mixin private BenchOptions options = new BenchOptions();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      split = ",",
      description = "Threads on either side, one or more numbers (default: 1,2).")
  private List<Integer> threads = List.of(1, 2);

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of one measurement (default: 3; with --quick 1).")
  private int steps;

  @Option(
      names = "--loss-steps",
      paramLabel = "N",
      description = "Steps whose losses are compared (default: 20; with --quick 5).")
  private int lossSteps;

  @Option(names = "--losses", description = "Print the losses of every compared step.")
  private boolean printLosses;

  /// How far two float32 computations of the same losses may be apart.
  private static final double LOSS_TOLERANCE = 1e-3;

  private static final long SEED = 42;

  @Override
  public Integer call() throws Exception {
    if (lossSteps == 0) {
      lossSteps = options.quick() ? 5 : 20;
    }
    Path folder = Files.createTempDirectory("lungo-bench");
    try (Kernels kernels = KernelChoice.open(1)) {
      Report report =
          new Report("training", Machine.here(kernels.description()), options, System.out);
      for (int count : threads) {
        measure(report, folder, count);
      }
      report.finish();
    } finally {
      TemporaryFiles.delete(folder);
    }
    return 0;
  }

  private void measure(Report report, Path folder, int count) throws Exception {
    TrainingCase sizes = TrainingCase.reference(true);
    Path weights = folder.resolve("weights");
    Path batches = folder.resolve("batches");
    TrainingFiles.writeBatches(batches, sizes, lossSteps, SEED);
    try (LungoTraining ours =
        new LungoTraining(sizes, count, SEED, TrainingFiles.readBatches(batches, sizes))) {
      ours.writeWeights(weights);
      if (!options.peers()) {
        ours.run(0, lossSteps);
        double alone = Rounds.medians(options.rounds(), List.of(rate(ours, sizes)))[0];
        report.add(Row.alone("reference", count, "tokens/s", alone));
        return;
      }
      // On some machines libtorch is faster on one thread than on several: it may use its best.
      TrainingCase noRope = TrainingCase.reference(false);
      try (LibtorchTraining theirs = new LibtorchTraining(sizes, count, weights, batches);
          LibtorchTraining bare = new LibtorchTraining(noRope, count, weights, batches);
          LibtorchTraining single = new LibtorchTraining(sizes, 1, weights, batches);
          LibtorchTraining bareSingle = new LibtorchTraining(noRope, 1, weights, batches)) {
        compareLosses(report, count, ours, theirs);
        List<Measurement> contestants =
            new ArrayList<>(List.of(rate(ours, sizes), rate(theirs, sizes), rate(bare, sizes)));
        if (count > 1) {
          contestants.add(rate(single, sizes));
          contestants.add(rate(bareSingle, sizes));
        }
        double[] medians = Rounds.medians(options.rounds(), contestants);
        if (count > 1) {
          medians[1] = Math.max(medians[1], medians[3]);
          medians[2] = Math.max(medians[2], medians[4]);
        }
        String peer = LibtorchTraining.NAME;
        report.add(Row.ofRates("reference", count, "tokens/s", medians[0], peer, medians[1]));
        report.add(
            Row.ofRates(
                "reference, peer without RoPE", count, "tokens/s", medians[0], peer, medians[2]));
      }
    }
  }

  private Measurement rate(TrainingContestant contestant, TrainingCase sizes) {
    int count = steps > 0 ? steps : options.quick() ? 1 : 3;
    return () -> count * sizes.tokens() / contestant.run(0, count).seconds();
  }

  /// Takes the first steps on both sides.
  ///
  /// @throws IllegalStateException if their losses differ: a rate of another computation is worth
  ///   nothing
  private void compareLosses(
      Report report, int count, TrainingContestant ours, TrainingContestant theirs)
      throws IOException {
    double[] mine = ours.run(0, lossSteps).losses();
    double[] other = theirs.run(0, lossSteps).losses();
    double worst = 0;
    for (int i = 0; i < lossSteps; i++) {
      double difference = Math.abs(mine[i] - other[i]);
      worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
      if (printLosses) {
        report.note(
            String.format(
                Locale.ROOT,
                "step %2d  loss %.6f  %s %.6f",
                i + 1,
                mine[i],
                LibtorchTraining.NAME,
                other[i]));
      }
    }
    report.add(Row.alone("largest loss difference, " + lossSteps + " steps", count, "nats", worst));
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
