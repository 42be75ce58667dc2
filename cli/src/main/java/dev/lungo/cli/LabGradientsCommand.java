package dev.lungo.cli;

import dev.lungo.lab.Finding;
import dev.lungo.lab.GradientsLab;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Follows gradients back through time, and shows what they let models learn.
@Command(
    name = "gradients",
    description = {
      "Measure how gradients shrink and grow on their way back through time,",
      "in an RNN, an LSTM, a GRU and a Transformer, and how far back each learns to remember.",
      "Takes about five minutes on two cores, a minute with --quick."
    },
    sortOptions = false)
final class LabGradientsCommand implements Callable<Integer> {
  private static final List<Integer> LAGS = List.of(2, 4, 8, 16, 32, 64);
  private static final int STEPS = 600;
  private static final List<Integer> QUICK_LAGS = List.of(4, 16, 48);
  private static final int QUICK_STEPS = 200;

  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();
  @Mixin private final SeedOption seed = new SeedOption();

  @Option(
      names = "--lags",
      paramLabel = "N",
      split = ",",
      description = "Steps to remember over (default: 2,4,8,16,32,64; 4,16,48 with --quick).")
  private List<Integer> lags = List.of();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Training steps of each model (default: 600; 200 with --quick).")
  private Optional<Integer> steps = Optional.empty();

  @Option(names = "--quick", description = "A minute, to see how it goes.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The page to write (default: ${DEFAULT-VALUE}).",
      defaultValue = "lab-gradients.html")
  private Path out;

  /// What is printed as JSON.
  record Result(
      List<GradientsLab.Decay> decays,
      List<GradientsLab.Recall> recalls,
      List<GradientsLab.Explosion> explosions,
      List<Finding> findings,
      String page) {}

  @Override
  public Integer call() throws Exception {
    List<Integer> usual = quick ? QUICK_LAGS : LAGS;
    GradientsLab.Settings settings =
        new GradientsLab.Settings(
            lags.isEmpty() ? usual : lags,
            steps.orElse(quick ? QUICK_STEPS : STEPS),
            seed.value(),
            threads.count());
    try (LabScreen screen = new LabScreen(console)) {
      GradientsLab.Outcome outcome = GradientsLab.run(settings, screen);
      screen.show(outcome.report(), out);
      console.result(
          new Result(
              outcome.decays(),
              outcome.recalls(),
              outcome.explosions(),
              outcome.report().findings(),
              out.toString()));
    }
    return 0;
  }
}
