package dev.lungo.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TokenizerEncodingTest {
  @Test
  void everyVocabularyIsMeasuredOnOneAndTwoThreads(@TempDir Path folder) throws Exception {
    Path text = folder.resolve("text.txt");
    Files.writeString(text, "for (int i = 0; i < count; i++) { sum += values[i]; }\n".repeat(2000));
    BenchOptions options =
        CommandLine.populateCommand(new BenchOptions(), "--quick", "--rounds", "1");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Report report =
        new Report(
            "tokenizer",
            Machine.here("none"),
            options,
            new PrintStream(bytes, true, StandardCharsets.UTF_8));
    var trained = new TokenizerTraining(options, text, 300, 1).measure(report, 1);
    assertThat(trained.vocabularySize()).isLessThanOrEqualTo(300);
    new TokenizerEncoding(options, folder, text).measure(report, "trained", trained);
    assertThat(bytes.toString(StandardCharsets.UTF_8).lines().skip(2))
        .satisfiesExactly(
            line -> assertThat(line).startsWith("train on 0 MB to 300"),
            line -> assertThat(line).matches("encode trained +1 MB/s .*"),
            line -> assertThat(line).matches("encode trained +2 MB/s .*Lungo, 1 thread"));
  }
}
