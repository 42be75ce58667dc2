package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lungo.cli.Processes.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// Runs `./lungo` on what the build has just made.
class CommandLineProcessTest {
  private static final Map<String, String> AS_BUILT =
      Map.of("LUNGO_NO_BUILD", "1", "LUNGO_JAVA_HOME", System.getProperty("java.home"));

  @TempDir private Path folder;

  private Outcome lungo(String... arguments) throws IOException, InterruptedException {
    return Processes.run(Processes.home().resolve("lungo"), folder, AS_BUILT, arguments);
  }

  @Test
  void versionGoesToStandardOutputAndNothingElseAnywhere() throws Exception {
    Outcome outcome = lungo("--version");
    assertThat(outcome.status()).isZero();
    assertThat(outcome.out())
        .startsWith("lungo ")
        .contains("JDK " + Runtime.version())
        .hasLineCount(1);
    assertThat(outcome.out()).doesNotContain("development");
    assertThat(outcome.err()).isEmpty();
  }

  @Test
  void jsonIsTheLastLine() throws Exception {
    Outcome outcome = lungo("version", "--json");
    String last = outcome.out().lines().reduce((first, second) -> second).orElseThrow();
    assertThat(JsonMapper.builder().build().readTree(last).get("jdk").asString())
        .isEqualTo(Runtime.version().toString());
  }

  @Test
  void unknownCommandFailsInOneLine() throws Exception {
    Outcome outcome = lungo("trian");
    assertThat(outcome.status()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).startsWith("lungo: unknown command trian").hasLineCount(1);
  }

  @Test
  void helpNamesEveryVisibleCommand() throws Exception {
    Outcome outcome = lungo("--help");
    assertThat(outcome.status()).isZero();
    for (Commands.Entry entry : Commands.ALL) {
      if (!entry.name().equals("warm-up")) {
        assertThat(outcome.out()).containsPattern("(?m)^  " + entry.name() + "\\b");
      }
    }
    assertThat(outcome.out()).doesNotContain("warm-up").doesNotContain("\u001b[");
  }

  @Test
  void runsThroughSymbolicLinksFromAnywhere() throws Exception {
    Path first =
        Files.createSymbolicLink(folder.resolve("a link"), Processes.home().resolve("lungo"));
    Path second = Files.createSymbolicLink(folder.resolve("another"), first.getFileName());
    Outcome outcome = Processes.run(second, folder, AS_BUILT, "--version");
    assertThat(outcome.status()).isZero();
    assertThat(outcome.out()).startsWith("lungo ");
  }

  private static Path model() {
    Path model =
        Path.of(System.getProperty("lungo.testdata", "../../shared/data"))
            .resolve("models/stories260K/stories260K.gguf")
            .toAbsolutePath();
    assumeTrue(Files.exists(model), "no test data: models/stories260K");
    return model;
  }

  @Test
  void modelsInGgufFilesAreRunAndInspected() throws Exception {
    Path model = model();
    Outcome text = lungo("generate", model.toString(), "--temperature", "0", "-n", "40");
    assertThat(text.status()).as(text.err()).isZero();
    assertThat(text.out())
        .startsWith("Once upon a time, there was a little girl named Lily. She loved to play");
    Outcome listing = lungo("inspect", model.toString());
    assertThat(listing.out())
        .contains("general.architecture = llama")
        .containsPattern("FLOAT32 +\\[512, 64\\] +token_embd.weight");
  }

  @Test
  void bothStreamsInOneFileLeaveEachOthersLinesAlone() throws Exception {
    Path log = folder.resolve("log");
    String script = "{ echo start; \"$0\" \"$@\"; echo end; } > " + log + " 2>&1";
    String lungo = Processes.home().resolve("lungo").toString();
    Processes.run(
        Path.of("/bin/bash"), folder, AS_BUILT, "-c", script, lungo, "version", "--nothing");
    assertThat(Files.readAllLines(log))
        .startsWith("start")
        .anyMatch(line -> line.startsWith("lungo: unknown argument --nothing"))
        .endsWith("end");
    Path model = model();
    Processes.run(
        Path.of("/bin/bash"),
        folder,
        AS_BUILT,
        "-c",
        script,
        lungo,
        "generate",
        model.toString(),
        "--temperature",
        "0");
    assertThat(Files.readAllLines(log))
        .startsWith("start")
        .anyMatch(line -> line.contains(" tokens after a prompt of "))
        .endsWith("end");
    assertThat(Files.readString(log)).contains("Once upon a time");
  }

  @Test
  void wrongJvmFlagIsReportedAndNotSwallowed() throws Exception {
    Map<String, String> environment =
        Map.of(
            "LUNGO_NO_BUILD", "1",
            "LUNGO_JAVA_HOME", System.getProperty("java.home"),
            "LUNGO_JAVA_OPTS", "-XX:+NoSuchFlag");
    Outcome outcome =
        Processes.run(Processes.home().resolve("lungo"), folder, environment, "--version");
    assertThat(outcome.status()).isEqualTo(1);
    assertThat(outcome.err()).contains("NoSuchFlag");
  }
}
