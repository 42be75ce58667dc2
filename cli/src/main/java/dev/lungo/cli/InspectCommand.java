package dev.lungo.cli;

import dev.lungo.weights.WeightListing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Shows what a model's file says about itself.
@Command(
    name = "inspect",
    description = "Show the metadata and tensors of a model's file.",
    sortOptions = false)
final class InspectCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();

  @Parameters(
      paramLabel = "FILE",
      description = "A GGUF or safetensors file, or the folder of a model.")
  private Path file;

  @Override
  public Integer call() throws IOException {
    WeightListing listing = WeightListing.of(file);
    listing.lines().forEach(line -> console.print(printable(line)));
    console.result(listing);
    return 0;
  }

  /// Drops what would move a terminal's cursor: files may hold anything.
  private static String printable(String line) {
    return line.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "�");
  }
}
