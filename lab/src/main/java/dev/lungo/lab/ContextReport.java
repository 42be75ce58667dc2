package dev.lungo.lab;

import dev.lungo.lab.ContextLab.Row;
import dev.lungo.model.LlamaConfig;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/// Says what [ContextLab] found.
final class ContextReport {
  /// The same text in pieces of the training length: what a longer context must not fall behind.
  static final String PIECES = "in short pieces";

  private static final String LIFTED = "limit lifted";
  private static final String WINDOW = "window";
  private static final String WINDOW_AND_SINKS = "window, sinks";

  private final List<Row> rows;
  private final List<Integer> lengths;

  ContextReport(List<Row> rows, List<Integer> lengths) {
    this.rows = List.copyOf(rows);
    this.lengths = List.copyOf(lengths);
  }

  LabReport report(LlamaConfig config, long steps) {
    return new LabReport(
        "Long context",
        "A model of "
            + config.layers()
            + " layers, trained for "
            + steps
            + " steps on texts of "
            + config.context()
            + " tokens with facts hidden in them, reads longer texts by each way to extend a"
            + " context, without more training. Facts are lines \"// key NAME VALUE\" that are"
            + " asked for at the end.",
        findings(),
        List.of(
            table(
                "Bits per byte of the text, without facts and questions",
                row -> String.format(Locale.ROOT, "%.4f", row.bitsPerByte())),
            table("Facts found", row -> row.found() + " of " + row.hidden()),
            table(
                "Tokens a second, over the last eighth of the text",
                row -> String.format(Locale.ROOT, "%,.0f", row.lastTokensPerSecond())),
            table(
                "Memory of keys and values, float32, as allocated",
                row -> String.format(Locale.ROOT, "%,.1f MiB", row.cacheBytes() / 0x1p20)),
            CacheMemory.table(config, lengths)),
        List.of(
            chart("Bits per byte", Axis.linear("bits per byte"), Row::bitsPerByte),
            chart("Facts found", Axis.linear("facts"), Row::found),
            chart(
                "Speed at the end of the text",
                Axis.logarithmic("tokens per second"),
                Row::lastTokensPerSecond)));
  }

  private Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    rows.forEach(row -> names.add(row.name()));
    return names;
  }

  private Optional<Row> at(String name, int length) {
    return rows.stream()
        .filter(row -> row.name().equals(name) && row.length() == length)
        .findFirst();
  }

  private Table table(String title, Function<Row, String> cell) {
    List<Integer> all = new ArrayList<>(List.of(ContextLab.CONTEXT));
    all.addAll(lengths);
    List<String> columns = new ArrayList<>(List.of("method"));
    all.forEach(length -> columns.add(String.format(Locale.ROOT, "%,d", length)));
    List<List<String>> lines = new ArrayList<>();
    for (String name : names()) {
      List<String> line = new ArrayList<>(List.of(name));
      all.forEach(length -> line.add(at(name, length).map(cell).orElse("")));
      lines.add(line);
    }
    return new Table(title, columns, lines);
  }

  private Chart chart(String title, Axis axis, ToDoubleFunction<Row> value) {
    List<Chart.Series> series = new ArrayList<>();
    for (String name : names()) {
      List<Row> mine = rows.stream().filter(row -> row.name().equals(name)).toList();
      series.add(
          Chart.Series.measured(
              name,
              mine.stream().mapToDouble(Row::length).toArray(),
              mine.stream().mapToDouble(value).toArray()));
    }
    return new Chart(title, Axis.logarithmic("tokens"), axis, series);
  }

  private List<Finding> findings() {
    int first = lengths.getFirst();
    int last = lengths.getLast();
    List<Finding> findings = new ArrayList<>();
    Row trained = at(PIECES, first).orElseThrow();
    Row lifted = at(LIFTED, first).orElseThrow();
    findings.add(
        new Finding(
            "rotary positions beyond the training length",
            "fail (Chen et al. 2023)",
            String.format(
                Locale.ROOT,
                "%.3f bits per byte at %,d, %.3f in short pieces",
                lifted.bitsPerByte(),
                first,
                trained.bitsPerByte()),
            lifted.bitsPerByte() > trained.bitsPerByte()));
    for (String method : List.of("ntk", "yarn")) {
      Row stretched = at(method, first).orElseThrow();
      findings.add(
          new Finding(
              String.format(Locale.ROOT, "%s at %,d, without more training", method, first),
              "better than the limit lifted (Peng et al. 2023)",
              String.format(
                  Locale.ROOT, "%.3f against %.3f", stretched.bitsPerByte(), lifted.bitsPerByte()),
              stretched.bitsPerByte() < lifted.bitsPerByte()));
    }
    Row sinks = at(WINDOW_AND_SINKS, last).orElseThrow();
    Row sinksFirst = at(WINDOW_AND_SINKS, first).orElseThrow();
    Row window = at(WINDOW, last).orElseThrow();
    Row pieces = at(PIECES, last).orElseThrow();
    findings.add(
        new Finding(
            String.format(Locale.ROOT, "a window with sinks at %,d", last),
            "as good as short pieces, and not worse than without sinks (Xiao et al. 2023)",
            String.format(
                Locale.ROOT,
                "%.3f bits per byte; %.3f without sinks, %.3f in short pieces",
                sinks.bitsPerByte(),
                window.bitsPerByte(),
                pieces.bitsPerByte()),
            sinks.bitsPerByte() <= window.bitsPerByte() + 0.005
                && sinks.bitsPerByte() < pieces.bitsPerByte() * 1.1));
    findings.add(
        new Finding(
            "a rolling window's memory",
            "does not depend on the length",
            String.format(
                Locale.ROOT,
                "%,d bytes at %,d, %,d at %,d",
                sinksFirst.cacheBytes(),
                first,
                sinks.cacheBytes(),
                last),
            sinksFirst.cacheBytes() == sinks.cacheBytes()));
    findings.add(CacheMemory.llama());
    return findings;
  }
}
