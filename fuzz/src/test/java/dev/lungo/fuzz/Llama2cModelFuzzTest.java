package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.weights.ModelFiles;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Opens models of llama2.c.
final class Llama2cModelFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(Seeds.llama2c());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void model(byte[] bytes) throws IOException {
    Reading.of("a.bin", bytes, file -> ModelFiles.load(file).close());
  }
}
