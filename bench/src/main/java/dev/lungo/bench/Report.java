package dev.lungo.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/// Collects the rows of one benchmark, prints each as it comes and the JSON line last.
final class Report {
  private static final String FORMAT = "%-44s %7s %-14s %12s %12s %8s  %s%n";

  private final String bench;
  private final Machine machine;
  private final BenchOptions options;
  private final PrintStream out;
  private final List<Row> rows = new ArrayList<>();

  /// The object on the last line under `--json`.
  private record Result(@JsonProperty("bench") String bench, Machine machine, List<Row> rows) {}

  /// Starts a report and prints its head.
  Report(String bench, Machine machine, BenchOptions options, PrintStream out) {
    this.bench = bench;
    this.machine = machine;
    this.options = options;
    this.out = out;
    out.printf(
        "%s on %s, %d cores, JDK %s, %s%n",
        bench, machine.cpu(), machine.cores(), machine.jdk(), machine.kernels());
    out.printf(FORMAT, "case", "threads", "unit", "ours", "theirs", "ratio", "peer");
  }

  void add(Row row) {
    rows.add(row);
    out.printf(
        FORMAT,
        row.name(),
        row.threads(),
        row.unit(),
        number(row.ours()),
        row.theirs().isPresent() ? number(row.theirs().getAsDouble()) : "-",
        row.ratio().isPresent() ? number(row.ratio().getAsDouble()) : "-",
        row.peer().orElse("-"));
    out.flush();
  }

  /// Prints what belongs to the table but is no row.
  void note(String line) {
    out.println(line);
  }

  /// Prints the JSON line if it was asked for. Call it once, last.
  void finish() {
    if (options.json()) {
      out.println(
          JsonMapper.builder().build().writeValueAsString(new Result(bench, machine, rows)));
    }
    out.flush();
  }

  /// Formats with about four significant digits.
  static String number(double value) {
    double size = Math.abs(value);
    if (size != 0 && size < 0.001) {
      return String.format(Locale.ROOT, "%.2e", value);
    }
    return String.format(
        Locale.ROOT,
        size >= 1000 ? "%,.0f" : size >= 100 ? "%.1f" : size >= 10 ? "%.2f" : "%.3f",
        value);
  }
}
