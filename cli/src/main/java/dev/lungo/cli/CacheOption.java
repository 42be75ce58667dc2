package dev.lungo.cli;

import dev.lungo.tensor.DType;
import java.util.Locale;
import picocli.CommandLine.Option;

/// `--cache`, in what keys and values are kept: `@Mixin private final CacheOption cache = new
/// CacheOption();`
final class CacheOption {
  @Option(
      names = "--cache",
      paramLabel = "f32|f16|q8_0",
      description = "What keys and values are kept in (default: ${DEFAULT-VALUE}).",
      defaultValue = "f32")
  private String cache;

  /// Returns the type.
  ///
  /// @throws IllegalArgumentException if it is none of the three
  DType type() {
    return switch (cache.toLowerCase(Locale.ROOT)) {
      case "f32" -> DType.FLOAT32;
      case "f16" -> DType.FLOAT16;
      case "q8_0" -> DType.Q8_0;
      default -> throw new IllegalArgumentException("--cache is f32, f16 or q8_0, not " + cache);
    };
  }
}
