package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Opens tokenizers in GGUF files.
final class GgufTokenizerFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(Seeds.gguf(), Seeds.ggufBytePair());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void tokenizer(byte[] bytes) throws IOException {
    Reading.of("a.gguf", bytes, TokenizerFiles::load);
  }
}
