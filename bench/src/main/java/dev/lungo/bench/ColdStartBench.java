package dev.lungo.bench;

import dev.lungo.bench.Rounds.Measurement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Time from the shell command `./lungo generate` to the first token on its standard output, as a
/// user waits for it.
///
/// The first run does not count: it may build, and fills the file system's cache.
@Command(name = "coldstart", description = "Time from the shell command to the first token.")
final class ColdStartBench implements Callable<Integer> {
  @Mixin private BenchOptions options = new BenchOptions();

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Model to start (default: stories260K of the test data).")
  private Optional<Path> model = Optional.empty();

  @Override
  public Integer call() throws Exception {
    Path folder =
        model
            .or(() -> TestData.find("models/stories260K"))
            .orElseThrow(() ->
                new IllegalArgumentException("name a small model, such as a run, with --model"));
    Path launcher = TestData.repository().resolve("lungo");
    if (!Files.isExecutable(launcher)) {
      throw new IllegalStateException("there is no launcher at " + launcher);
    }
    Report report = new Report("coldstart", Machine.here("none"), options, System.out);
    List<Measurement> starts =
        List.of(
            () -> secondsToFirstByte(launcher, "generate", folder.toString(), "-n", "8"),
            () -> secondsToFirstByte(launcher, "version"));
    double[] medians = Rounds.medians(options.rounds(), starts);
    int threads = Runtime.getRuntime().availableProcessors();
    report.add(Row.alone("generate, first token", threads, "s", medians[0]));
    report.add(Row.alone("version, first byte", 1, "s", medians[1]));
    report.finish();
    return 0;
  }

  private static double secondsToFirstByte(Path launcher, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new java.util.ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
    long start = System.nanoTime();
    Process process = builder.start();
    try (var out = process.getInputStream()) {
      int first = out.read();
      double seconds = (System.nanoTime() - start) / 1e9;
      out.transferTo(java.io.OutputStream.nullOutputStream());
      int exit = process.waitFor();
      if (first < 0 || exit != 0) {
        throw new IOException(
            String.join(" ", command)
                + " ended with "
                + exit
                + (first < 0 ? " and no output" : ""));
      }
      return seconds;
    }
  }
}
