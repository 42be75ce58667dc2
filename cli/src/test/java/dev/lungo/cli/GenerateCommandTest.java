package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `generate` with each of its options, on a small trained model.
final class GenerateCommandTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String PROMPT = "Once upon a time, there was a little girl named Lily.";

  @TempDir Path folder;
  private String stories = "";

  private record Outcome(int status, String out, String err) {
    JsonNode json() {
      assertThat(status).as(err).isZero();
      String[] lines = out.strip().split("\n");
      return JSON.readTree(lines[lines.length - 1]);
    }
  }

  @BeforeEach
  void find() {
    Path model =
        Path.of(System.getProperty("lungo.testdata", "../../shared/data"), "models/stories260K");
    assumeTrue(Files.exists(model), "test data is missing: " + model);
    stories = model.toString();
  }

  private Outcome generate(String... options) {
    List<String> arguments = new ArrayList<>(List.of("generate", stories, "-t", "1"));
    arguments.addAll(Arrays.asList(options));
    String[] all = arguments.toArray(String[]::new);
    CommandLine line = LungoCommand.commandLine(all);
    line.setParameterExceptionHandler(Failures::usage);
    line.setExecutionExceptionHandler(Failures::execution);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    int status = line.execute(all);
    return new Outcome(status, out.toString(), err.toString());
  }

  private Outcome generateReading(String input, String... options) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
    try {
      return generate(options);
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void theTextFollowsThePromptAndTheSummaryGoesToTheLog() {
    Outcome greedy = generate("-p", PROMPT, "-n", "12", "--temperature", "0");
    assertThat(greedy.status).as(greedy.err).isZero();
    assertThat(greedy.out).isEqualToIgnoringNewLines(PROMPT + " She loved to play outside in the");
    assertThat(greedy.err).contains("12 tokens after a prompt of 16", "ended by length");
  }

  @Test
  void aPromptFromAFileIsContinuedAndNotPrintedAgain() throws IOException {
    Path file = folder.resolve("prompt.txt");
    Files.writeString(file, PROMPT);
    Outcome greedy = generate("--prompt-file", file.toString(), "-n", "12", "--temperature", "0");
    assertThat(greedy.status).as(greedy.err).isZero();
    assertThat(greedy.out).isEqualToIgnoringNewLines(" She loved to play outside in the");
    assertThat(generate("-p", PROMPT, "--prompt-file", file.toString()).err)
        .contains("different ways to ask");
    Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe, 'a'});
    assertThat(generate("--prompt-file", file.toString()).err).contains("no text in UTF-8");
  }

  @Test
  void jsonLeavesOutWhatWasNotAskedFor() {
    JsonNode plain = generate("-p", PROMPT, "-n", "3", "--json").json();
    assertThat(plain.propertyNames())
        .containsExactly(
            "text", "promptTokens", "tokens", "finish", "promptSeconds", "tokensPerSecond");
    JsonNode logged =
        generate("-p", PROMPT, "-n", "3", "--temperature", "0", "--logprobs", "2", "--json").json();
    JsonNode first = logged.get("logProbs").get(0);
    assertThat(logged.get("logProbs")).hasSize(3);
    assertThat(first.get("token").stringValue()).isEqualTo(" She");
    assertThat(first.get("logProb").doubleValue()).isBetween(-0.2, -0.01);
    assertThat(first.get("top").get(0).get("id").intValue()).isEqualTo(first.get("id").intValue());
    assertThat(first.get("top")).hasSize(2);
  }

  @Test
  void logProbsAreReadable() {
    Outcome greedy = generate("-p", PROMPT, "-n", "2", "--temperature", "0", "--logprobs", "1");
    assertThat(greedy.out.lines().skip(1))
        .hasSize(2)
        .first()
        .asString()
        .matches("  -0\\.\\d{4}  ' She'        ' She' -0\\.\\d\\d");
  }

  @Test
  void samplesAreTheTextsOfTheSeeds() {
    JsonNode both =
        generate("-p", "Tom", "-n", "20", "--samples", "2", "--seed", "7", "--json").json();
    assertThat(both.get("samples")).hasSize(2);
    for (int i = 0; i < 2; i++) {
      JsonNode alone = generate("-p", "Tom", "-n", "20", "--seed", "" + (7 + i), "--json").json();
      assertThat(both.get("samples").get(i).get("text")).isEqualTo(alone.get("text"));
    }
    Outcome readable = generate("-p", "Tom", "-n", "5", "--samples", "2");
    assertThat(readable.out.lines().filter(line -> line.startsWith("── 5 tokens"))).hasSize(2);
  }

  @Test
  void beamsComeBestFirst() {
    JsonNode beams =
        generate("-p", "Tom", "-n", "10", "--beams", "3", "--length-penalty", "1", "--json")
            .json()
            .get("beams");
    assertThat(beams).hasSize(3);
    assertThat(beams.get(0).get("score").doubleValue())
        .isGreaterThanOrEqualTo(beams.get(1).get("score").doubleValue());
    assertThat(generate("-p", "Tom", "-n", "3", "--beams", "2").out)
        .startsWith("── log p -")
        .contains("Tom");
  }

  @Test
  void promptCachesCachesAndDraftsChangeNoWord() {
    String file = folder.resolve("prompt.cache").toString();
    String[] greedy = {"-p", PROMPT, "-n", "20", "--temperature", "0", "--json"};
    JsonNode expected = generate(greedy).json();
    for (String[] options :
        new String[][] {
          {"--prompt-cache", file},
          {"--prompt-cache", file},
          {"--cache", "f16"},
          {"--draft", stories, "--draft-tokens", "3"}
        }) {
      List<String> all = new ArrayList<>(Arrays.asList(greedy));
      all.addAll(Arrays.asList(options));
      JsonNode result = generate(all.toArray(String[]::new)).json();
      assertThat(result.get("text")).as(all.toString()).isEqualTo(expected.get("text"));
      if (options[0].equals("--draft")) {
        assertThat(result.get("drafts").propertyNames())
            .containsExactly("proposed", "accepted", "acceptanceRate");
        assertThat(result.get("drafts").get("acceptanceRate").doubleValue()).isPositive();
      }
    }
    Outcome other = generate("-p", PROMPT, "-n", "2", "--prompt-cache", file, "--cache", "q8_0");
    assertThat(other.err).contains("is not used: it keeps another type of numbers", "0 of the");
  }

  @Test
  void aScoreIsTheSumOfItsTokens() {
    JsonNode score = generate("-p", PROMPT, "--score", "--json").json();
    double sum = 0;
    for (JsonNode token : score.get("logProbs")) {
      sum += token.get("logProb").doubleValue();
    }
    assertThat(score.get("tokens").intValue()).isEqualTo(15);
    assertThat(score.get("logProb").doubleValue()).isEqualTo(sum);
    assertThat(generate("-p", PROMPT, "--score").out)
        .contains("of 15 tokens, perplexity 1.")
        .contains("bits per byte");
  }

  @Test
  void linesAreAnsweredByLines() {
    Outcome texts =
        generateReading("\"One day\"\n\n\"The cat\"\n", "--json-lines", "-n", "4", "--json");
    assertThat(texts.out.lines()).hasSize(3);
    assertThat(texts.json().get("lines").intValue()).isEqualTo(2);
    Outcome vectors =
        generateReading("\"a\"\n\"b\"", "--json-lines", "--embed", "mean", "--normalize");
    List<String> lines = vectors.out.lines().toList();
    assertThat(lines).hasSize(2);
    double squares = 0;
    for (JsonNode number : JSON.readTree(lines.getFirst()).get("embedding")) {
      squares += number.doubleValue() * number.doubleValue();
    }
    assertThat(squares).isBetween(0.9999, 1.0001);
    Outcome wrong = generateReading("{}", "--json-lines");
    assertThat(wrong.status).isEqualTo(1);
    assertThat(wrong.err).contains("line 1: expected a JSON string, found {}");
    assertThat(generate("-p", "a", "--embed", "last").out.split(" ")).hasSize(64);
  }

  @ParameterizedTest
  @CsvSource({
    "--cache, q4_0, '--cache is f32, f16 or q8_0, not q4_0'",
    "--logit-bias, 5, '--logit-bias takes ID=NUMBER'",
    "--logit-bias, 512=1, 'must be for an id of the vocabulary, which has 512'",
    "--mirostat, 3, 'versions 1 and 2, not 3'",
    "--typical, 0, 'typical must be above 0'",
    "--samples, 0, 'samples must be at least 1'",
    "--beams, 0, 'beams must be between'",
    "--logprobs, -1, 'alternatives must be between'",
    "-n, 0, 'at least 1'"
  })
  void nonsenseIsRefusedInOneLine(String option, String value, String message) {
    Outcome refused = generate("-p", "Tom", option, value);
    assertThat(refused.status).isEqualTo(2);
    assertThat(refused.err.lines()).singleElement().asString().contains(message);
    assertThat(refused.out).isEmpty();
  }

  @Test
  void twoTasksAtOnceAreRefused() {
    assertThat(generate("--score", "--beams", "2").err).contains("give one of them");
  }
}
