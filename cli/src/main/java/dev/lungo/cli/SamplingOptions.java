package dev.lungo.cli;

import dev.lungo.generate.Mirostat;
import dev.lungo.generate.Sampler;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// How tokens are chosen, for commands that generate: `@Mixin private final SamplingOptions
/// sampling = new SamplingOptions();`.
final class SamplingOptions {
  /// Mirostat takes the place of the filters, so this holds only without it.
  private static final int DEFAULT_TOP_K = 40;

  @Mixin private final SeedOption seed = new SeedOption();

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 always takes the likeliest token (default: ${DEFAULT-VALUE}).",
      defaultValue = "0.7")
  private float temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Choose among the K likeliest tokens; 0 for all (default: 40).")
  private Optional<Integer> topK = Optional.empty();

  @Option(
      names = "--typical",
      paramLabel = "P",
      description =
          "Choose among the tokens whose surprise is nearest to the expected one and that reach P"
              + " together (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private float typical;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "Choose among the likeliest tokens that reach P together (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private float topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description =
          "Drop tokens less likely than P times the likeliest (default: ${DEFAULT-VALUE}).",
      defaultValue = "0")
  private float minP;

  @Option(
      names = "--mirostat",
      paramLabel = "1|2",
      description = "Hold the surprise of the text near a target, instead of these filters.")
  private Optional<Integer> mirostat = Optional.empty();

  @Option(
      names = "--mirostat-target",
      paramLabel = "BITS",
      description = "The target, in bits a token (default: ${DEFAULT-VALUE}).",
      defaultValue = "5")
  private double mirostatTarget;

  @Option(
      names = "--mirostat-rate",
      paramLabel = "R",
      description = "How fast it is followed (default: ${DEFAULT-VALUE}).",
      defaultValue = "0.1")
  private double mirostatRate;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "R",
      description =
          "Make tokens that just appeared less likely; 1 does nothing (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private float repetitionPenalty;

  @Option(
      names = "--frequency-penalty",
      paramLabel = "A",
      description =
          "Lower a token's logit by A for each time it just appeared (default: ${DEFAULT-VALUE}).",
      defaultValue = "0")
  private float frequencyPenalty;

  @Option(
      names = "--presence-penalty",
      paramLabel = "A",
      description = "Lower it by A if it just appeared (default: ${DEFAULT-VALUE}).",
      defaultValue = "0")
  private float presencePenalty;

  @Option(
      names = {"--penalty-window", "--repetition-window"},
      paramLabel = "N",
      description =
          "How many of the last tokens count as just appeared (default: ${DEFAULT-VALUE}).",
      defaultValue = "64")
  private int penaltyWindow;

  @Option(
      names = "--logit-bias",
      paramLabel = "ID=A",
      description = "Add A to the logit of a token; -inf forbids it. May be given more than once.")
  private List<String> biases = new ArrayList<>();

  /// Returns the settings, of which wrong ones are refused.
  Sampler.Settings settings() {
    return new Sampler.Settings(
        temperature,
        topK.orElse(mirostat.isPresent() ? 0 : DEFAULT_TOP_K),
        topP,
        minP,
        repetitionPenalty,
        penaltyWindow,
        seed.value(),
        typical,
        frequencyPenalty,
        presencePenalty,
        mirostat.map(version -> new Mirostat.Settings(version, mirostatTarget, mirostatRate)),
        bias());
  }

  private Map<Integer, Float> bias() {
    Map<Integer, Float> parsed = new HashMap<>();
    for (String entry : biases) {
      int equals = entry.indexOf('=');
      try {
        String value = entry.substring(equals + 1);
        parsed.put(
            Integer.valueOf(entry.substring(0, Math.max(0, equals))),
            value.toLowerCase(Locale.ROOT).equals("-inf")
                ? Float.NEGATIVE_INFINITY
                : Float.valueOf(value));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "--logit-bias takes ID=NUMBER, as 13=-2.5 or 13=-inf, but got " + entry, e);
      }
    }
    return parsed;
  }
}
