package dev.lungo.train;

import dev.lungo.file.AtomicFiles;
import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.std.ToStringSerializer;

/// Where a run comes from: everything that somebody needs to know who wants the same result, in
/// `lungo.json`.
///
/// @param settings the command's settings, a record or a map
/// @param seed of all random numbers
/// @param data what was read, and the hash of it
/// @param tokenizer hash of `tokenizer.json`
/// @param version of Lungo
/// @param ended empty while the run goes on
/// @param results what came out, by name
public record Provenance(
    Object settings,
    long seed,
    Data data,
    String tokenizer,
    Machine machine,
    String version,
    Instant started,
    Optional<Instant> ended,
    Map<String, Object> results) {
  /// The file's name in a run's folder.
  public static final String FILE = "lungo.json";

  private static final int LARGEST = 1 << 20;
  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          // As the user wrote them: the default would make them absolute.
          .addModule(
              new SimpleModule().addSerializer(Path.class, new ToStringSerializer(Path.class)))
          .build();

  /// The text that was learned from.
  ///
  /// @param source as people call it
  /// @param hash SHA-256, in hexadecimal
  public record Data(String source, String hash, long trainingTokens, long heldOutTokens) {}

  /// Returns the same with an end and its results.
  public Provenance ended(Instant when, Map<String, Object> outcome) {
    return new Provenance(
        settings, seed, data, tokenizer, machine, version, started, Optional.of(when), outcome);
  }

  /// Writes `lungo.json` into a run's folder.
  public void write(Path folder) throws IOException {
    AtomicFiles.writeString(
        folder.resolve(FILE),
        JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n");
  }

  /// Returns a settings record's components by name, as `lungo.json` has them.
  public static Map<String, Object> asMap(Object settings) {
    return JSON.convertValue(settings, new TypeReference<LinkedHashMap<String, Object>>() {});
  }

  /// Reads the settings of a run back.
  ///
  /// @param type the record they were written from
  public static <T> T readSettings(Path folder, Class<T> type) throws IOException {
    return readField(folder, "settings", type);
  }

  /// Reads one field of a run's `lungo.json`: `data`, `seed`, `tokenizer`, `machine`, `started`,
  /// `results` and so on.
  public static <T> T readField(Path folder, String field, Class<T> type) throws IOException {
    Path file = folder.resolve(FILE);
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(LARGEST + 1);
    }
    if (bytes.length > LARGEST) {
      throw new MalformedFileException(
          file.toString(), LARGEST, "size", "is more than " + LARGEST + " bytes");
    }
    try {
      JsonNode value = JSON.readTree(bytes).required(field);
      return JSON.treeToValue(value, type);
    } catch (JacksonException e) {
      long at = e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getByteOffset());
      throw new MalformedFileException(file.toString(), at, field, e.getOriginalMessage());
    }
  }

  /// Hashes a file with SHA-256, in hexadecimal.
  public static String hash(Path file) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
