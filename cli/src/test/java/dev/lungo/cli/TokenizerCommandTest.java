package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class TokenizerCommandTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir Path folder;
  private Path corpus;
  private Path tokenizer;

  private record Outcome(int status, String out, String err) {
    JsonNode lastLine() {
      String[] lines = out.strip().split("\n");
      return JSON.readTree(lines[lines.length - 1]);
    }
  }

  private static Outcome run(String... arguments) {
    CommandLine line = LungoCommand.commandLine(arguments);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    int status = line.execute(arguments);
    return new Outcome(status, out.toString(), err.toString());
  }

  private static Outcome runReading(String input, String... arguments) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
    try {
      return run(arguments);
    } finally {
      System.setIn(before);
    }
  }

  @BeforeEach
  void train() throws IOException {
    corpus = folder.resolve("corpus.txt");
    Files.writeString(
        corpus, "public static void main(String[] args) {\n    return;\n}\n".repeat(50));
    tokenizer = folder.resolve("tokenizer.json");
    Outcome outcome =
        run(
            "tokenizer",
            "train",
            "--corpus",
            corpus.toString(),
            "--vocabulary",
            "290",
            "--out",
            tokenizer.toString(),
            "--json");
    assertThat(outcome.status()).as(outcome.err()).isZero();
    assertThat(outcome.lastLine().get("vocabularySize").intValue()).isEqualTo(290);
    assertThat(outcome.lastLine().get("textBytes").longValue()).isEqualTo(Files.size(corpus));
  }

  @Test
  void encodedTextDecodesToItself() {
    String text = "public void größe 😉\n";
    Outcome encoded =
        run("tokenizer", "encode", "--tokenizer", tokenizer.toString(), "--text", text);
    assertThat(encoded.status()).isZero();
    assertThat(encoded.out()).matches("[0-9 ]+\\R");
    Outcome decoded =
        run(
            "tokenizer",
            "decode",
            "--tokenizer",
            tokenizer.toString(),
            "--json",
            "--text",
            encoded.out());
    assertThat(decoded.lastLine().get("text").stringValue()).isEqualTo(text);
  }

  @Test
  void jsonLinesAreAnsweredLineByLine() {
    String lines = "\"public\"\n\"\"\n\"<|endoftext|>\"\n";
    Outcome plain =
        runReading(
            lines,
            "tokenizer",
            "encode",
            "--tokenizer",
            tokenizer.toString(),
            "--no-special",
            "--json-lines",
            "-");
    String[] answers = plain.out().strip().split("\n");
    assertThat(answers).hasSize(3);
    assertThat(answers[1].strip()).isEqualTo("[]");
    assertThat(JSON.readTree(answers[2]).size()).isGreaterThan(1);
    Outcome special =
        runReading(
            lines, "tokenizer", "encode", "--tokenizer", tokenizer.toString(), "--json-lines");
    assertThat(special.out().strip().split("\n")[2]).isEqualTo("[289]");
    Outcome decoded =
        runReading(
            plain.out(),
            "tokenizer",
            "decode",
            "--tokenizer",
            tokenizer.toString(),
            "--json-lines",
            "--json");
    assertThat(decoded.out()).startsWith("\"public\"\n\"\"\n\"<|endoftext|>\"\n");
    assertThat(decoded.lastLine().get("lines").intValue()).isEqualTo(3);
  }

  @Test
  void inspectShowsTokensApart() {
    Outcome outcome =
        run(
            "tokenizer",
            "inspect",
            "--tokenizer",
            tokenizer.toString(),
            "--text",
            "public é\u001b[31m");
    assertThat(outcome.out()).contains("│").contains("bytes per token").doesNotContain("\u001b");
    Outcome json =
        run(
            "tokenizer",
            "inspect",
            "--tokenizer",
            tokenizer.toString(),
            "--text",
            "public",
            "--json");
    assertThat(json.lastLine().at("/tokens/0/text").stringValue()).startsWith("p");
  }

  @Test
  void mistakesAreOneLine() {
    Outcome small = run("tokenizer", "train", "--corpus", corpus.toString(), "--vocabulary", "100");
    assertThat(small.status()).isEqualTo(2);
    assertThat(small.err()).contains("100").contains("257");
    Outcome none = run("tokenizer", "encode", "--tokenizer", folder.resolve("x.json").toString());
    assertThat(none.status()).isEqualTo(1);
    assertThat(none.err().strip()).contains("x.json").doesNotContain("\n");
    Outcome noJson =
        runReading(
            "public\n", "tokenizer", "encode", "--tokenizer", tokenizer.toString(), "--json-lines");
    assertThat(noJson.status()).isEqualTo(1);
    assertThat(noJson.err()).contains("line 1");
    Outcome outside =
        run("tokenizer", "decode", "--tokenizer", tokenizer.toString(), "--text", "999999");
    assertThat(outside.status()).isEqualTo(2);
    assertThat(outside.err()).contains("999999").contains("290");
    assertThat(run("tokenizer").status()).isEqualTo(2);
    assertThat(run("tokenizer", "encode").err()).contains("--tokenizer");
  }

  @Test
  void emptyCorpusLeavesNothing() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Path out = folder.resolve("never.json");
    Outcome outcome =
        run("tokenizer", "train", "--corpus", empty.toString(), "--out", out.toString());
    assertThat(outcome.status()).isEqualTo(1);
    assertThat(outcome.err()).contains("no text");
    assertThat(out).doesNotExist();
  }
}
