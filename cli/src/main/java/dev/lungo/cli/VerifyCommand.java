package dev.lungo.cli;

import dev.lungo.model.PublishedNumber;
import dev.lungo.model.PublishedPosition;
import dev.lungo.tokenizer.PublishedMerges;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Recomputes published numbers and prints expected against computed.
@Command(
    name = "verify",
    description = {
      "Recompute published numbers: sizes, compute and memory of well-known models, worked examples.",
      "Exits 1 when one differs."
    })
final class VerifyCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();

  private final Supplier<List<Row>> numbers;

  /// One number, or one text.
  record Row(String topic, String name, Object expected, Object computed, boolean agrees) {
    Row(String topic, String name, Object expected, Object computed) {
      this(topic, name, expected, computed, expected.equals(computed));
    }
  }

  /// What is printed as JSON.
  record Result(boolean verified, long agree, long differ, List<Row> rows) {}

  VerifyCommand() {
    this(VerifyCommand::published);
  }

  VerifyCommand(Supplier<List<Row>> numbers) {
    this.numbers = numbers;
  }

  private static List<Row> published() {
    List<Row> rows = new ArrayList<>();
    for (PublishedNumber number : PublishedNumber.all()) {
      rows.add(new Row(number.topic(), number.name(), number.expected(), number.computed()));
    }
    for (PublishedPosition position : PublishedPosition.all()) {
      rows.add(new Row("positions", position.name(), position.expected(), position.computed()));
    }
    for (PublishedMerges.Example example : PublishedMerges.all()) {
      rows.add(
          new Row("byte-pair encoding", example.name(), example.expected(), example.computed()));
    }
    return rows;
  }

  @Override
  public Integer call() {
    List<Row> rows = numbers.get();
    String topic = "";
    long differ = 0;
    for (Row row : rows) {
      if (!row.topic.equals(topic)) {
        console.print((topic.isEmpty() ? "" : "\n") + row.topic);
        topic = row.topic;
      }
      print(row);
      differ += row.agrees ? 0 : 1;
    }
    long agree = rows.size() - differ;
    console.print(
        "\n"
            + agree
            + " of "
            + rows.size()
            + " agree"
            + (differ == 0 ? "." : "; " + differ + " differ."));
    console.result(new Result(differ == 0, agree, differ, rows));
    return differ == 0 ? 0 : 1;
  }

  private void print(Row row) {
    String mark = row.agrees ? "ok    " : "DIFFER";
    if (row.expected instanceof Long expected && row.computed instanceof Long computed) {
      console.print(
          String.format(Locale.ROOT, "  %s %-58s %,19d %,19d", mark, row.name, expected, computed));
    } else {
      console.print("  " + mark + " " + row.name);
      console.print("           expected " + row.expected);
      console.print("           computed " + row.computed);
    }
  }
}
