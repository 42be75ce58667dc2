package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.weights.ModelConfigJson;
import java.io.IOException;
import java.nio.file.Files;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Reads `config.json`, with the special ids.
final class ModelConfigFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(Seeds.config(), Seeds.gpt2Config());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void config(byte[] bytes) throws IOException {
    Files.deleteIfExists(Reading.folder().resolve("generation_config.json"));
    Reading.of("config.json", bytes, ModelConfigJson::read);
    Reading.of("config.json", bytes, file -> ModelConfigJson.readSpecialTokens(Reading.folder()));
  }
}
