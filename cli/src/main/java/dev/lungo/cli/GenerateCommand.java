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
  @Mixin private final SamplingOptions sampling = new SamplingOptions();

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
      names = "--stop",
      paramLabel = "TEXT",
      description = "Stop where this text would come; may be given more than once.")
  private List<String> stops = new ArrayList<>();

  @Override
  public Integer call() throws Exception {
    Sampler.Settings settings = sampling.settings();
    try (TextGeneration generation = TextGeneration.open(model, threads.count())) {
      console.printPart(prompt);
      TextGeneration.Result result =
          generation.run(prompt, tokens, settings, stops, console::printPart);
      console.print("");
      console.log(result.summary());
      console.result(result);
    }
    return 0;
  }
}
