package dev.lungo.cli;

import picocli.CommandLine.Option;

/// `--seed`, for commands that draw random numbers: `@Mixin private final SeedOption seed = new
/// SeedOption();`.
final class SeedOption {
  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "42",
      description =
          "Seed of all random numbers; same seed, same result (default: ${DEFAULT-VALUE}).")
  private long value;

  long value() {
    return value;
  }
}
