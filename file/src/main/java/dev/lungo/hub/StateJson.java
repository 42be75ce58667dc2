package dev.lungo.hub;

import dev.lungo.file.AtomicFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// Keeps small records beside downloads. They only save work: one that cannot be read counts as
/// absent.
final class StateJson {
  private static final int LARGEST = 1 << 24;
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private StateJson() {}

  static <T> Optional<T> read(Path file, Class<T> type) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(LARGEST + 1);
    }
    try {
      return bytes.length > LARGEST
          ? Optional.empty()
          : Optional.ofNullable(MAPPER.readValue(bytes, type));
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }

  static void write(Path file, Object state) throws IOException {
    AtomicFiles.writeString(file, MAPPER.writeValueAsString(state) + "\n");
  }
}
