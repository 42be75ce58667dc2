package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lungo.cli.Processes.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tries the launcher in a house of its own, with a JVM that prints its arguments and a Maven that
/// writes down its calls, because finding, building and quoting are what it does.
class LauncherProcessTest {
  private static final String JAVA =
      """
      #!/bin/sh
      for argument in "$@"; do
        case $argument in -XX:AOTCacheOutput=*) exit 0 ;; esac
      done
      printf '<%s>\\n' "$@"
      """;

  /// Takes its time, so that a second one would overlap.
  private static final String MAVEN =
      """
      #!/bin/sh
      echo "JAVA_HOME=$JAVA_HOME $*" >> maven-calls.txt
      sleep 1
      mkdir -p cli/target && touch cli/target/lungo-cli.jar
      """;

  @TempDir private Path temporary;
  private Path house;
  private Path launcher;
  private Path jdk;

  @BeforeEach
  void buildHouse() throws IOException {
    house = Files.createDirectory(temporary.resolve("a house"));
    launcher = house.resolve("lungo");
    Files.copy(Processes.home().resolve("lungo"), launcher);
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.copy(Processes.home().resolve("pom.xml"), house.resolve("pom.xml"));
    Files.createDirectories(house.resolve("cli/src/main"));
    Files.writeString(house.resolve("cli/pom.xml"), "<project/>");
    Files.writeString(house.resolve("cli/src/main/Source.java"), "class Source {}");
    jdk = jdk("a jdk", "25.0.3");
    script(house.resolve("fake maven"), MAVEN);
  }

  private static void script(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Path jdk(String name, String version) throws IOException {
    Path home = temporary.resolve(name);
    script(home.resolve("bin/java"), JAVA);
    Files.writeString(
        home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  private Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>();
    environment.put("LUNGO_JAVA_HOME", jdk.toString());
    environment.put("LUNGO_MAVEN", house.resolve("fake maven").toString());
    return environment;
  }

  private Outcome run(Map<String, String> environment, String... arguments) throws Exception {
    return Processes.run(launcher, temporary, environment, arguments);
  }

  private List<String> mavenCalls() throws IOException {
    Path calls = house.resolve("maven-calls.txt");
    return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
  }

  private void touch(String file, int secondsFromNow) throws IOException {
    Files.setLastModifiedTime(
        house.resolve(file), FileTime.from(Instant.now().plusSeconds(secondsFromNow)));
  }

  @Test
  void buildsOnFirstUseAndSaysSo() throws Exception {
    Outcome outcome = run(environment(), "train");
    assertThat(outcome.status()).isZero();
    assertThat(outcome.err()).startsWith("lungo: building").hasLineCount(1);
    assertThat(mavenCalls())
        .singleElement()
        .asString()
        .contains("JAVA_HOME=" + jdk, "-pl cli -am package");
  }

  @Test
  void buildsAgainOnlyWhenSourcesAreNewer() throws Exception {
    run(environment(), "train");
    assertThat(run(environment(), "train").err()).isEmpty();
    assertThat(mavenCalls()).hasSize(1);
    touch("cli/src/main/Source.java", 60);
    run(environment(), "train");
    assertThat(mavenCalls()).hasSize(2);
  }

  @Test
  void benchSourcesDoNotRebuildTheCommandLine() throws Exception {
    run(environment(), "train");
    Files.createDirectories(house.resolve("bench/src/main"));
    Files.writeString(house.resolve("bench/pom.xml"), "<project/>");
    touch("bench/pom.xml", 60);
    run(environment(), "train");
    assertThat(mavenCalls()).hasSize(1);
  }

  @Test
  void twoFirstUsesAtOnceBuildOnce() throws Exception {
    Path one = Files.createDirectory(temporary.resolve("one"));
    Path two = Files.createDirectory(temporary.resolve("two"));
    Process first = Processes.start(launcher, one, environment(), "train");
    Process second = Processes.start(launcher, two, environment(), "train");
    assertThat(first.waitFor()).isZero();
    assertThat(second.waitFor()).isZero();
    assertThat(mavenCalls()).hasSize(1);
  }

  @Test
  void interruptedBuildIsTakenUpAgain() throws Exception {
    run(environment(), "train");
    Files.createFile(house.resolve(".lungo/building-cli"));
    run(environment(), "train");
    assertThat(mavenCalls()).hasSize(2);
    assertThat(house.resolve(".lungo/building-cli")).doesNotExist();
  }

  @Test
  void failedBuildShowsItsErrorsAndTheLog() throws Exception {
    script(house.resolve("fake maven"), "#!/bin/sh\necho '[INFO] x'\necho '[ERROR] y'\nexit 1\n");
    Outcome outcome = run(environment(), "train");
    assertThat(outcome.status()).isEqualTo(1);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).contains("[ERROR] y", "build-cli.log").doesNotContain("[INFO]");
  }

  @Test
  void missingMavenIsNamed() throws Exception {
    Map<String, String> environment = environment();
    environment.put("LUNGO_MAVEN", "no-such-maven");
    Outcome outcome = run(environment, "train");
    assertThat(outcome.status()).isEqualTo(1);
    assertThat(outcome.err()).contains("no-such-maven").contains("install Maven").hasLineCount(1);
  }

  @Test
  void argumentsArriveAsTheyWere() throws Exception {
    String[] awkward = {"generate", "--prompt", "a  b", "*", "", "$HOME `x` \"q\" 'r'", "ü", "-n"};
    Outcome outcome = run(environment(), awkward);
    String expected = "<" + String.join(">\n<", awkward) + ">\n";
    assertThat(outcome.out()).endsWith("<dev.lungo.cli.LungoCommand>\n" + expected);
  }

  @Test
  void jvmGetsTheFlagsOfThePomAndThenTheUsers() throws Exception {
    Map<String, String> environment = environment();
    environment.put("LUNGO_JAVA_OPTS", "-Xmx3g  -Dx=*");
    List<String> lines = run(environment, "train").out().lines().toList();
    assertThat(lines)
        .containsSubsequence(
            "<--add-modules>", "<jdk.incubator.vector>", "<-Xmx3g>", "<-Dx=*>", "<-cp>", "<train>");
  }

  @Test
  void benchHasItsOwnClassPathAndProfile() throws Exception {
    script(
        house.resolve("fake maven"),
        MAVEN + "mkdir -p bench/target && touch bench/target/lungo-bench.jar\n");
    Outcome outcome = run(environment(), "bench", "matmul", "--peers");
    assertThat(mavenCalls()).singleElement().asString().contains("-Pbench,peers -pl bench -am");
    assertThat(outcome.out())
        .endsWith(
            "<"
                + house.resolve("bench/target/lungo-bench.jar")
                + ">\n<dev.lungo.bench.Bench>\n<matmul>\n<--peers>\n");
  }

  @Test
  void buildingWithoutPeersUndoesBuildingWithThemButNotTheOtherWayRound() throws Exception {
    script(
        house.resolve("fake maven"),
        MAVEN + "mkdir -p bench/target && touch bench/target/lungo-bench.jar\n");
    run(environment(), "bench", "matmul");
    run(environment(), "bench", "matmul", "--peers");
    assertThat(mavenCalls()).hasSize(2);
    run(environment(), "bench", "matmul");
    run(environment(), "bench", "matmul", "--peers");
    assertThat(mavenCalls()).as("peers serve both").hasSize(2);
    assertThat(house.resolve(".lungo/built-bench")).doesNotExist();
  }

  @Test
  void jdkThatIsTooOldIsRefusedWithItsVersion() throws Exception {
    for (String version : List.of("17.0.15", "25", "25.0.2", "1.8.0_402")) {
      Map<String, String> environment = environment();
      environment.put("LUNGO_JAVA_HOME", jdk("jdk " + version, version).toString());
      Outcome outcome = run(environment, "train");
      assertThat(outcome.status()).as(version).isEqualTo(1);
      assertThat(outcome.err()).contains("Java " + version, "25.0.3").hasLineCount(1);
    }
  }

  @Test
  void jdkThatIsNewerIsTaken() throws Exception {
    for (String version : List.of("25.0.3.1", "25.0.10", "25.1", "26", "26-ea", "100.0.1")) {
      Map<String, String> environment = environment();
      environment.put("LUNGO_JAVA_HOME", jdk("jdk " + version, version).toString());
      assertThat(run(environment, "train").status()).as(version).isZero();
    }
  }

  @Test
  void folderWithoutJdkIsNamed() throws Exception {
    Map<String, String> environment = environment();
    environment.put("LUNGO_JAVA_HOME", "/no/such/jdk");
    Outcome outcome = run(environment, "train");
    assertThat(outcome.status()).isEqualTo(1);
    assertThat(outcome.err()).contains("/no/such/jdk").hasLineCount(1);
  }

  @Test
  void jdkOnThePathIsFoundThroughLinks() throws Exception {
    Path bin = Files.createDirectory(temporary.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("java"), jdk.resolve("bin/java"));
    Map<String, String> environment = environment();
    environment.remove("LUNGO_JAVA_HOME");
    environment.put("PATH", bin + ":" + System.getenv("PATH"));
    Outcome outcome = run(environment, "--print-java-home");
    assertThat(outcome.out().strip()).isEqualTo(jdk.toString());
  }
}
