package dev.lungo.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportTest {
  private static List<String> print(Row row, String... arguments) {
    BenchOptions options = CommandLine.populateCommand(new BenchOptions(), arguments);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Machine machine =
        new Machine("a processor", 2, 1L << 30, "Linux amd64", "25.0.3", 256, "kernels");
    Report report =
        new Report(
            "training", machine, options, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    report.add(row);
    report.finish();
    return bytes.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void lastLineUnderJsonHoldsEveryRow() {
    JsonNode json =
        JsonMapper.builder()
            .build()
            .readTree(
                print(
                        Row.ofRates("reference", 2, "tokens/s", 3000, "libtorch 2.10.0", 1500),
                        "--json")
                    .getLast());
    assertThat(json.get("bench").asString()).isEqualTo("training");
    assertThat(json.get("machine").get("vectorBits").asInt()).isEqualTo(256);
    JsonNode row = json.get("rows").get(0);
    assertThat(row.get("case").asString()).isEqualTo("reference");
    assertThat(row.get("threads").asInt()).isEqualTo(2);
    assertThat(row.get("unit").asString()).isEqualTo("tokens/s");
    assertThat(row.get("ours").asDouble()).isEqualTo(3000);
    assertThat(row.get("peer").asString()).isEqualTo("libtorch 2.10.0");
    assertThat(row.get("theirs").asDouble()).isEqualTo(1500);
    assertThat(row.get("ratio").asDouble()).isEqualTo(2);
  }

  @Test
  void rowsWithoutPeerLeaveItsKeysOut() {
    String last = print(Row.alone("reference", 1, "tokens/s", 3000), "--json").getLast();
    assertThat(last)
        .contains("\"ours\":3000")
        .doesNotContain("theirs")
        .doesNotContain("ratio")
        .doesNotContain("peer");
  }

  @Test
  void withoutJsonThereIsOnlyTheTable() {
    assertThat(print(Row.alone("reference", 1, "tokens/s", 3000)))
        .hasSize(3)
        .last()
        .asString()
        .contains("3,000");
  }

  @Test
  void ratioOfCostsIsAboveOneWhenOursIsSmaller() {
    assertThat(Row.ofCosts("training", 2, "s", 10, "spm_train", 50).ratio()).hasValue(5);
  }

  @Test
  void numbersKeepAboutFourDigits() {
    assertThat(List.of(12345.6, 123.45, 12.345, 1.2345, 1.2e-5))
        .extracting(Report::number)
        .containsExactly("12,346", "123.5", "12.35", "1.235", "1.20e-05");
  }
}
