package dev.lungo.examples;

import dev.lungo.generate.Sampler;
import dev.lungo.generate.TextGeneration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Lets a model continue a text and prints each piece as it comes.
public final class GenerateText {
  private static final int TOKENS = 80;
  private static final long SEED = 42;

  private GenerateText() {}

  /// Continues `arguments[1]` with the model in the folder `arguments[0]`.
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      throw new IllegalArgumentException("usage: GenerateText MODEL PROMPT");
    }
    Sampler.Settings settings = new Sampler.Settings(0.7f, 40, 1, 0, 1, 64, SEED);
    int threads = Runtime.getRuntime().availableProcessors();
    try (TextGeneration generation = TextGeneration.open(Path.of(arguments[0]), threads)) {
      System.out.print(arguments[1]);
      TextGeneration.Result result =
          generation.run(arguments[1], TOKENS, settings, List.of(), System.out::print);
      System.out.println();
      System.out.println(result.summary());
    }
  }
}
