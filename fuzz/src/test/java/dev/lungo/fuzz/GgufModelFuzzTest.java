package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.weights.ModelFiles;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Opens models in GGUF files.
final class GgufModelFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(Seeds.gguf());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void model(byte[] bytes) throws IOException {
    Reading.of("a.gguf", bytes, file -> ModelFiles.load(file).close());
  }
}
