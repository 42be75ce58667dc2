package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.weights.Safetensors;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Reads headers of safetensors files.
final class SafetensorsFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(Seeds.safetensors());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void header(byte[] bytes) throws IOException {
    Reading.of("model.safetensors", bytes, file -> Safetensors.open(file).close());
  }
}
