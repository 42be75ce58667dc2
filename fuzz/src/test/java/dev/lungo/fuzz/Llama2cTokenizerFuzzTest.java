package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Opens tokenizers of llama2.c.
final class Llama2cTokenizerFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(Seeds.llama2cTokenizer());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void tokenizer(byte[] bytes) throws IOException {
    Reading.of("tok.bin", bytes, TokenizerFiles::load);
  }
}
