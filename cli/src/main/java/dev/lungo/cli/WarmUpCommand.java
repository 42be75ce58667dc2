package dev.lungo.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/// Runs what usual starts run, on a model of a few thousand parameters, so that the launcher can
/// archive the classes that they load and what the JVM learns about them. Users need not call it.
@Command(
    name = "warm-up",
    hidden = true,
    description = "Load what usual starts load; the launcher records it once to start faster.")
final class WarmUpCommand implements Callable<Integer> {
  private static final String[] TRAIN = {
    "--depth", "1", "--vocabulary", "300", "--context", "64", "--batch", "2", "--steps", "2"
  };

  /// Types of weights that downloaded models have most often.
  private static final String[] STORED_TYPES = {"q8_0", "q4_0", "q4_k"};

  @Mixin private final Console console = new Console();

  @Override
  public Integer call() throws IOException {
    Path folder = Files.createTempDirectory("lungo-warm-up");
    try {
      warmUp(folder);
    } finally {
      delete(folder);
    }
    console.result(Version.current());
    return ExitCode.OK;
  }

  private static void warmUp(Path folder) throws IOException {
    for (Commands.Entry entry : Commands.ALL) {
      CommandLine line = LungoCommand.commandLine(entry.name());
      line.getSubcommands().values().forEach(CommandLine::getUsageMessage);
    }
    LungoCommand.execute("version", "--json");
    String run = folder.resolve("run").toString();
    Path corpus = folder.resolve("corpus.txt");
    Files.writeString(corpus, text());
    LungoCommand.execute(
        Stream.concat(
                Stream.of("train", "--corpus", corpus.toString(), "--out", run), Stream.of(TRAIN))
            .toArray(String[]::new));
    LungoCommand.execute("generate", run, "--prompt", "public static", "-n", "40", "--json");
    for (String type : STORED_TYPES) {
      String file = folder.resolve(type + ".gguf").toString();
      LungoCommand.execute("export", run, "--format", "gguf", "--type", type, "-o", file);
      LungoCommand.execute("generate", file, "--prompt", "public static", "-n", "40");
    }
  }

  /// Numbers in words enough for a tokenizer of 300 tokens and a held-out part.
  private static String text() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 3000; i++) {
      text.append("public static int value").append(i * 7919 % 1000).append(" = ").append(i);
      text.append(i % 5 == 0 ? ";\n\n" : ";\n");
    }
    return text.toString();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
