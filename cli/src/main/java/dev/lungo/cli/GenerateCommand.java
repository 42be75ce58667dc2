package dev.lungo.cli;

import dev.lungo.generate.Sampler;
import dev.lungo.generate.TextGeneration;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Lets a model continue a text.
@Command(name = "generate", description = "Let a model continue a text.", sortOptions = false)
final class GenerateCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();
  @Mixin private final SeedOption seed = new SeedOption();

  @Parameters(
      paramLabel = "MODEL",
      description =
          "Folder of a run or of any model in its layout, a GGUF file, a llama2.c .bin, or hf:OWNER/NAME as pulled.",
      converter = ModelPath.class)
  private Path model;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "Text to continue (default: none, the model begins one).",
      defaultValue = "")
  private String prompt;

  @Option(
      names = {"-n", "--tokens"},
      paramLabel = "N",
      description = "Most tokens to add (default: ${DEFAULT-VALUE}).",
      defaultValue = "200")
  private int tokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 always takes the likeliest token (default: ${DEFAULT-VALUE}).",
      defaultValue = "0.7")
  private float temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Choose among the K likeliest tokens; 0 for all (default: ${DEFAULT-VALUE}).",
      defaultValue = "40")
  private int topK;

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
      names = "--repetition-penalty",
      paramLabel = "R",
      description =
          "Make tokens that just appeared less likely; 1 does nothing (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private float repetitionPenalty;

  @Option(
      names = "--repetition-window",
      paramLabel = "N",
      description =
          "How many of the last tokens count as just appeared (default: ${DEFAULT-VALUE}).",
      defaultValue = "64")
  private int repetitionWindow;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "Stop where this text would come; may be given more than once.")
  private List<String> stops = new ArrayList<>();

  @Override
  public Integer call() throws Exception {
    Sampler.Settings sampling =
        new Sampler.Settings(
            temperature, topK, topP, minP, repetitionPenalty, repetitionWindow, seed.value());
    try (TextGeneration generation = TextGeneration.open(model, threads.count())) {
      console.printPart(prompt);
      TextGeneration.Result result =
          generation.run(prompt, tokens, sampling, stops, console::printPart);
      console.print("");
      console.log(result.summary());
      console.result(result);
    }
    return 0;
  }
}
