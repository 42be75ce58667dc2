package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.tune.LabeledTexts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Reads labelled texts, as `.csv` and as `.jsonl`.
final class LabeledTextsFuzzTest {
  static Stream<byte[]> seeds() {
    return Stream.of(
            "text,label\n\"a, \"\"b\"\"\nc\",x\nd,y\n",
            "{\"text\":\"a\",\"label\":\"x\"}\n{\"label\":2,\"text\":\"b\"}\n")
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void texts(byte[] bytes) throws IOException {
    for (String name : new String[] {"texts.csv", "texts.jsonl"}) {
      Reading.of(name, bytes, file -> LabeledTexts.read(file, "text", "label"));
    }
  }
}
