package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.corpus.TokenShard;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Opens files of token ids, and reads all of them.
final class TokenShardFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(Seeds.shard());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void shard(byte[] bytes) throws IOException {
    Reading.of(
        "tokens.bin",
        bytes,
        file -> {
          try (TokenShard shard = TokenShard.open(file)) {
            shard.verify();
          }
        });
  }
}
