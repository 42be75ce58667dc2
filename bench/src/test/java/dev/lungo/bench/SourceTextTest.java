package dev.lungo.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceTextTest {
  @Test
  void textsAreWholeLinesFromTheMiddle(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("lines.txt");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 1000; i++) {
      lines.append("line ").append(1000 + i).append('\n');
    }
    Files.writeString(file, lines);
    List<String> texts = SourceText.texts(file, 2000, 150);
    assertThat(texts).hasSizeBetween(10, 14).allMatch(text -> text.matches("(line \\d{4}\n)+"));
    assertThat(lines.toString()).contains(String.join("", texts));
  }

  @Test
  void startOfAFileIsCutAtTheByte(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("file");
    Path start = folder.resolve("start");
    Files.writeString(file, "0123456789".repeat(100_000));
    SourceText.writeStart(file, start, 123_456);
    assertThat(Files.readString(start))
        .hasSize(123_456)
        .startsWith("0123456789")
        .endsWith("012345");
  }
}
