package dev.lungo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProvenanceTest {
  /// Settings as a command may have them.
  public record Settings(
      String corpus,
      double minutes,
      OptionalLong steps,
      Optional<Path> out,
      ModelDial.Architecture architecture) {}

  private static final Settings SETTINGS =
      new Settings(
          "src.zip",
          3,
          OptionalLong.of(100),
          Optional.of(Path.of("runs", "x")),
          ModelDial.Architecture.GPT2);

  @TempDir Path folder;

  private static Provenance provenance() {
    return new Provenance(
        SETTINGS,
        42,
        new Provenance.Data("src.zip", "ab12", 1_000_000, 50_000),
        "cd34",
        Machine.current("vector, 256 bits"),
        "0.1.0",
        Instant.parse("2026-01-02T03:04:05Z"),
        Optional.empty(),
        Map.of());
  }

  @Test
  void settingsAreReadBackAsTheyWere() throws IOException {
    provenance().write(folder);
    assertThat(Provenance.readSettings(folder, Settings.class)).isEqualTo(SETTINGS);
    assertThat(Provenance.readField(folder, "data", Provenance.Data.class))
        .isEqualTo(new Provenance.Data("src.zip", "ab12", 1_000_000, 50_000));
    assertThat(Provenance.readField(folder, "seed", Long.class)).isEqualTo(42);
    assertThat(Provenance.readField(folder, "started", Instant.class))
        .isEqualTo(Instant.parse("2026-01-02T03:04:05Z"));
  }

  @Test
  void theFileIsJsonForPeople() throws IOException {
    provenance()
        .ended(Instant.parse("2026-01-02T03:07:05Z"), Map.of("valBitsPerByte", 1.5))
        .write(folder);
    assertThat(Files.readString(folder.resolve("lungo.json")))
        .contains("\"kernels\" : \"vector, 256 bits\"", "\"started\" : \"2026-01-02T03:04:05Z\"")
        .contains(
            "\"ended\" : \"2026-01-02T03:07:05Z\"", "\"valBitsPerByte\" : 1.5", "\"steps\" : 100")
        .contains("\"java\" : \"" + Runtime.version());
  }

  @Test
  void brokenFilesAreReported() throws IOException {
    for (String broken :
        List.of(
            "",
            "{",
            "[]",
            "{\"seed\":1}",
            "{\"settings\":{\"minutes\":\"many\"}}",
            "{\"settings\":{\"speed\":1}}",
            "{\"settings\":{\"minutes\":null}}",
            "{\"settings\":{},\"settings\":{}}",
            "{\"settings\":" + "[".repeat(10_000),
            " ".repeat(2 << 20))) {
      Files.writeString(folder.resolve("lungo.json"), broken);
      assertThatThrownBy(() -> Provenance.readSettings(folder, Settings.class))
          .as(broken.substring(0, Math.min(40, broken.length())))
          .isInstanceOf(MalformedFileException.class);
    }
  }

  @Test
  void filesHashAsElsewhere() throws IOException {
    Path file = Files.writeString(folder.resolve("abc"), "abc");
    assertThat(Provenance.hash(file))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  @Test
  void theProcessorsNameIsFound() {
    assertThat(
            Machine.model(
                List.of("processor\t: 0", "model name\t: Fast CPU @ 3 GHz", "model name\t: other")))
        .contains("Fast CPU @ 3 GHz");
    assertThat(Machine.model(List.of("BogoMIPS : 1"))).isEmpty();
    assertThat(Machine.current("scalar").processors()).isPositive();
  }
}
