package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
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
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `translate` with each of its options, on a small trained model.
final class TranslateCommandTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir Path folder;
  private String model = "";

  private record Outcome(int status, String out, String err) {}

  @BeforeEach
  void find() {
    Path path =
        Path.of(
            System.getProperty("lungo.testdata", "../../shared/data"),
            "models/aren-transliteration");
    assumeTrue(Files.exists(path), "test data is missing: " + path);
    model = path.toString();
  }

  private Outcome translate(String input, String... options) {
    List<String> arguments = new ArrayList<>(List.of("translate", model, "-t", "1"));
    arguments.addAll(Arrays.asList(options));
    String[] all = arguments.toArray(String[]::new);
    CommandLine line = LungoCommand.commandLine(all);
    line.setParameterExceptionHandler(Failures::usage);
    line.setExecutionExceptionHandler(Failures::execution);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
    try {
      int status = line.execute(all);
      return new Outcome(status, out.toString(), err.toString());
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void aTextIsTranslatedAndItsAlignmentDrawn() throws Exception {
    Path svg = folder.resolve("alignment.svg");
    Outcome drawn = translate("", "آتزمون", "--alignment", "--svg", svg.toString());
    assertThat(drawn.status).as(drawn.err).isZero();
    assertThat(drawn.out.lines().findFirst()).contains("atzmon");
    assertThat(drawn.out).contains("</s>").contains("drawn into");
    assertThat(Files.readString(svg)).startsWith("<svg");
  }

  @Test
  void beamsComeBestFirst() {
    Outcome found = translate("", "آتزمون", "--beam", "3", "--json");
    assertThat(found.status).as(found.err).isZero();
    JsonNode json = JSON.readTree(found.out);
    assertThat(json.required("text").stringValue()).isEqualTo("atzmon");
    assertThat(json.required("others").size()).isEqualTo(2);
    assertThat(json.has("alignment")).isFalse();
  }

  @Test
  void linesKeepTheirNumbersAndOneThatIsTooLongIsNamed() {
    Outcome lines = translate("آتزمون\n\n" + "ت".repeat(2000) + "\nآرثر\n");
    assertThat(lines.status).isEqualTo(1);
    assertThat(lines.out.lines()).containsExactly("atzmon", "", "", "arther");
    assertThat(lines.err).contains("line 3").contains("2000 tokens");
  }

  @Test
  void jsonLinesAnswerEachLine() {
    Outcome lines = translate("\"آتزمون\"\n\"آرثر\"\n", "--json-lines");
    assertThat(lines.status).as(lines.err).isZero();
    List<String> answers = lines.out.lines().toList();
    assertThat(answers).hasSize(2);
    assertThat(JSON.readTree(answers.get(1)).required("text").stringValue()).isEqualTo("arther");
  }

  @Test
  void otherModelsAreRefusedWithWhatWouldDo() {
    model = Path.of(model).resolveSibling("stories260K").toString();
    Outcome refused = translate("", "text");
    assertThat(refused.status).isEqualTo(1);
    assertThat(refused.err).contains("\"llama\"").contains("--task translation");
  }
}
