package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class VerifyCommandTest {
  private final StringWriter out = new StringWriter();

  private int execute(VerifyCommand command, String... arguments) {
    return new CommandLine(command).setOut(new PrintWriter(out)).execute(arguments);
  }

  @Test
  void publishedNumbersAgree() {
    assertThat(execute(new VerifyCommand())).isZero();
    assertThat(out.toString())
        .contains("124,439,808", "291,648,307,200", "131,072", "e+s 9", "41 of 41 agree.")
        .doesNotContain("DIFFER");
  }

  @Test
  void theLastLineOfJsonHoldsEveryNumber() {
    assertThat(execute(new VerifyCommand(), "--json")).isZero();
    JsonNode result = new JsonMapper().readTree(out.toString());
    assertThat(result.get("verified").booleanValue()).isTrue();
    assertThat(result.get("agree").longValue()).isEqualTo(result.get("rows").size()).isEqualTo(41);
    assertThat(result.get("rows").get(0).get("expected").longValue()).isEqualTo(124_439_808);
  }

  @Test
  void oneDifferenceFails() {
    VerifyCommand command =
        new VerifyCommand(() ->
            List.of(
                new VerifyCommand.Row("sizes", "right", 7L, 7L),
                new VerifyCommand.Row("sizes", "wrong", 7L, 8L)));
    assertThat(execute(command)).isEqualTo(1);
    assertThat(out.toString()).contains("DIFFER wrong").contains("1 of 2 agree; 1 differ.");
  }
}
