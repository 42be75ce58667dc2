package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Opens `*.tiktoken`.
final class TiktokenFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(Seeds.tiktoken());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void tokenizer(byte[] bytes) throws IOException {
    Reading.of("r50k.tiktoken", bytes, TokenizerFiles::load);
  }
}
