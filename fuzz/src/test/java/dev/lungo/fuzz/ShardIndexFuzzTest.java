package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.weights.Safetensors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Reads indexes of shards, beside a shard that is whole.
final class ShardIndexFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(seed());
  }

  private static byte[] seed() {
    Seeds.safetensors();
    return "{\"metadata\":{},\"weight_map\":{\"model.norm.weight\":\"model.safetensors\"}}"
        .getBytes(StandardCharsets.UTF_8);
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void index(byte[] bytes) throws IOException {
    Reading.of("model.safetensors.index.json", bytes, file -> Safetensors.open(file).close());
  }
}
