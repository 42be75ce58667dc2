package dev.lungo.cli;

import dev.lungo.export.ModelExport;
import dev.lungo.export.ModelExport.Format;
import dev.lungo.weights.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Writes a model for other tools.
@Command(
    name = "export",
    description = "Write a model for other tools, in fewer bits if wanted.",
    sortOptions = false)
final class ExportCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();

  @Parameters(paramLabel = "MODEL", description = "Folder of a run, or any model that Lungo opens.")
  private Path model;

  @Option(
      names = "--format",
      paramLabel = "NAME",
      description =
          "gguf: one file, for llama.cpp and its relatives; safetensors: a folder in Hugging Face"
              + " layout (default: ${DEFAULT-VALUE}).",
      defaultValue = "gguf")
  private Format format;

  @Option(
      names = "--type",
      paramLabel = "NAME",
      description =
          "Numbers: f32, f16, bf16, and in gguf q8_0, q4_0, q4_1, q5_0, q5_1, q4_k, q5_k, q6_k"
              + " (default: ${DEFAULT-VALUE}).",
      defaultValue = "f32")
  private String type;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "PATH",
      description = "File or folder to write (default: MODEL/model-TYPE.gguf).")
  private Optional<Path> out = Optional.empty();

  @Option(names = "--force", description = "Replace what is there.")
  private boolean force;

  @Override
  public Integer call() throws IOException {
    WeightType chosen =
        WeightType.named(type)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "--type "
                        + type
                        + " is not known; give one of "
                        + String.join(
                            ", ",
                            Arrays.stream(WeightType.values())
                                .map(one -> one.name().toLowerCase(Locale.ROOT))
                                .toList())));
    ModelExport.Result result =
        ModelExport.run(
            new ModelExport.Settings(
                model, format, chosen, out.orElseGet(this::defaultOut), force, threads.count()),
            (tensor, number, count) ->
                console.log(String.format(Locale.ROOT, "%d/%d  %s", number, count, tensor)));
    result.warnings().forEach(warning -> console.log("warning: " + warning));
    console.print(
        String.format(
            Locale.ROOT,
            "%s: %,.1f MB, %.2f bits a weight",
            result.out(),
            result.bytes() / 1e6,
            result.bitsPerWeight()));
    result
        .tensors()
        .forEach((name, count) ->
            console.print(
                String.format(
                    Locale.ROOT,
                    "  %-5s %3d tensors, relative error %.2e",
                    name,
                    count,
                    result.relativeErrors().get(name))));
    console.result(result);
    return 0;
  }

  private Path defaultOut() {
    if (format != Format.GGUF || !Files.isDirectory(model)) {
      throw new IllegalArgumentException("say where to write: -o PATH");
    }
    return model.resolve("model-" + type.toLowerCase(Locale.ROOT) + ".gguf");
  }
}
