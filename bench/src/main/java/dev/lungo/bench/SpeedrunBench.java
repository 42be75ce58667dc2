package dev.lungo.bench;

import dev.lungo.bench.SpeedrunContestant.Point;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.train.ShardBatches;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Time to reach the held-out bits per byte that a plain recipe reaches: same text, same tokenizer,
/// same threads.
///
/// The plain recipe is the libtorch step of the training benchmark with AdamW and a cosine
/// schedule, the best of three learning rates. All contestants take turns in slices, so that what
/// else the machine does falls on all of them. Evaluations are not counted as training time on
/// either side.
@Command(name = "speedrun", description = "Time to reach the loss of a plain recipe on libtorch.")
final class SpeedrunBench implements Callable<Integer> {
  @Mixin private BenchOptions options = new BenchOptions();
  @Mixin private RecipeOptions recipe = new RecipeOptions();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads on either side (default: 2).")
  private int threads = 2;

  @Option(
      names = "--minutes",
      paramLabel = "M",
      description =
          "Training time of the plain recipe, for each rate (default: 10; with --quick 1).")
  private Optional<Double> minutes = Optional.empty();

  @Option(
      names = "--share",
      paramLabel = "S",
      description = "Our budget, as a share of the plain recipe's (default: 0.3333).")
  private double share = 1 / 3.0;

  @Option(
      names = "--rates",
      paramLabel = "R",
      split = ",",
      description = "Learning rates of the plain recipe (default: 3e-4,1e-3,3e-3).")
  private List<Double> rates = List.of(3e-4, 1e-3, 3e-3);

  @Option(
      names = "--target",
      paramLabel = "B",
      description = "Bits per byte to reach, from an earlier run, where --peers is not given.")
  private Optional<Double> target = Optional.empty();

  @Option(
      names = "--corpus",
      paramLabel = "PATH",
      description = "Text to learn from (default: the JDK's own sources).")
  private Optional<Path> corpus = Optional.empty();

  @Option(
      names = "--slices",
      paramLabel = "N",
      description = "Turns and evaluations (default: 15; with --quick 5).")
  private int slices;

  @Option(names = "--seed", paramLabel = "N", description = "Seed (default: 42).")
  private long seed = 42;

  @Option(
      names = "--evaluation-tokens",
      paramLabel = "N",
      description = "Held-out tokens of a measurement (default: 40960; with --quick 8192).")
  private long evaluationTokens;

  private static final int VOCABULARY = 4096;

  @Override
  public Integer call() throws Exception {
    if (evaluationTokens == 0) {
      evaluationTokens = options.quick() ? 8_192 : 40_960;
    }
    if (slices == 0) {
      slices = options.quick() ? 5 : 15;
    }
    double seconds = 60 * minutes.orElse(options.quick() ? 1.0 : 10.0);
    Path folder = Files.createTempDirectory("lungo-bench");
    List<SpeedrunContestant> contestants = new ArrayList<>();
    try (Kernels kernels = KernelChoice.open(threads);
        SpeedrunData data = SpeedrunData.prepare(folder, corpus, VOCABULARY, threads)) {
      Report report =
          new Report("speedrun", Machine.here(kernels.description()), options, System.out);
      contestants.add(
          new LungoRecipe(
              recipe.settings(seconds * share / 60, VOCABULARY, threads, seed, evaluationTokens),
              data));
      if (options.peers()) {
        addPlainRecipes(contestants, folder, data, seconds);
      }
      race(report, contestants, seconds);
      conclude(report, contestants, seconds);
      report.finish();
    } finally {
      for (SpeedrunContestant contestant : contestants) {
        contestant.close();
      }
      TemporaryFiles.delete(folder);
    }
    return 0;
  }

  private void addPlainRecipes(
      List<SpeedrunContestant> contestants, Path folder, SpeedrunData data, double seconds)
      throws IOException {
    TrainingCase sizes =
        TrainingCase.reference(true).withVocabulary(data.tokenizer().vocabularySize());
    Path weights = folder.resolve("weights");
    try (LanguageModel start = LanguageModel.create(sizes.config(), false)) {
      start.parameters().initialize(new RandomNumbers(seed));
      TrainingFiles.writeWeights(weights, start.parameters());
    }
    Path batches = folder.resolve("batches");
    // No two cores take more than five such steps a second.
    long count = Math.max(10, Math.round(5.0 * threads / 2 * seconds));
    data.writeBatches(batches, ShardBatches.training(data.training(), seed), sizes, count);
    Path heldOut = folder.resolve("held-out");
    long heldOutBatches =
        ShardBatches.heldOutBatches(
            data.heldOut(), sizes.batch(), sizes.context(), evaluationTokens);
    long bytes =
        data.writeBatches(
            heldOut, ShardBatches.heldOut(data.heldOut(), heldOutBatches), sizes, heldOutBatches);
    var measure = new PlainRecipe.HeldOut(heldOut, heldOutBatches * sizes.tokens(), bytes);
    for (double rate : rates) {
      contestants.add(new PlainRecipe(sizes, threads, rate, seconds, weights, batches, measure));
    }
  }

  /// Lets everybody train a slice in turn until all budgets are spent.
  private void race(Report report, List<SpeedrunContestant> contestants, double seconds)
      throws IOException {
    boolean going = true;
    while (going) {
      going = false;
      for (SpeedrunContestant contestant : contestants) {
        if (!contestant.isDone()) {
          double budget = contestant instanceof LungoRecipe ? seconds * share : seconds;
          contestant.slice(budget / slices);
          Point point = contestant.last();
          report.note(
              String.format(
                  Locale.ROOT,
                  "%6.1f s  step %5d  %.4f bits per byte  %s",
                  point.seconds(),
                  point.steps(),
                  point.bitsPerByte(),
                  contestant.name()));
          going |= !contestant.isDone();
        }
      }
    }
  }

  private void conclude(Report report, List<SpeedrunContestant> contestants, double seconds) {
    SpeedrunContestant ours = contestants.getFirst();
    Optional<SpeedrunContestant> best =
        contestants.stream()
            .skip(1)
            .min(Comparator.comparingDouble(plain -> plain.last().bitsPerByte()));
    for (SpeedrunContestant plain : contestants.subList(1, contestants.size())) {
      report.add(
          Row.ofCosts(
              "held-out loss when done",
              threads,
              "bits per byte",
              ours.last().bitsPerByte(),
              plain.name(),
              plain.last().bitsPerByte()));
    }
    OptionalDouble wanted =
        best.isPresent()
            ? OptionalDouble.of(best.get().last().bitsPerByte())
            : target.map(OptionalDouble::of).orElse(OptionalDouble.empty());
    if (wanted.isEmpty()) {
      report.add(
          Row.alone(
              "held-out loss when done", threads, "bits per byte", ours.last().bitsPerByte()));
      return;
    }
    String name = best.map(SpeedrunContestant::name).orElse("--target");
    double theirs = best.map(plain -> plain.last().seconds()).orElse(seconds);
    String row = String.format(Locale.ROOT, "time to %.4f bits per byte", wanted.getAsDouble());
    OptionalDouble reached = SpeedrunContestant.secondsTo(wanted.getAsDouble(), ours.points());
    if (reached.isPresent()) {
      report.add(Row.ofCosts(row, threads, "s", reached.getAsDouble(), name, theirs));
    } else {
      report.note(
          String.format(
              Locale.ROOT,
              "%s: not reached within %.0f s; ours came to %.4f. Give it more with --share.",
              row,
              ours.last().seconds(),
              ours.last().bitsPerByte()));
    }
  }
}
