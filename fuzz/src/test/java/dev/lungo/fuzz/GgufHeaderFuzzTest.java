package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.file.GgufHeader;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Reads headers of GGUF files.
final class GgufHeaderFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(Seeds.gguf(), Seeds.ggufBytePair());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void header(byte[] bytes) throws IOException {
    Reading.of("a.gguf", bytes, file -> GgufHeader.read(file, name -> true));
  }
}
