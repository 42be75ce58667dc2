package dev.lungo.lab;

import dev.lungo.kernel.AttentionAlgorithm;
import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.AttentionTraffic;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.PlainAttention;
import dev.lungo.lab.Chart.Series;
import dev.lungo.op.Attention;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.ToDoubleFunction;

/// Computes attention over longer and longer texts by each algorithm and under each pattern: one
/// sequence, one head. Quadratic and linear time part there, and quadratic and constant memory.
public final class AttentionLab {
  private static final int SHORTEST = 512;
  private static final int HEAD_DIM = 64;
  private static final int WINDOW = 256;
  private static final int SINKS = 4;
  private static final int GLOBAL = 16;

  /// Memory that a head may take beside its operands at any length, both ways.
  private static final long MOST_EXTRA_BYTES = 64L << 20;

  /// What a quadratic matrix may take.
  private static final long MOST_MATRIX_BYTES = 1L << 30;

  /// Measurements below this are repeated, at least [#REPETITIONS] times and for as long; the best
  /// counts.
  private static final double SHORT_SECONDS = 0.5;

  private static final int REPETITIONS = 3;
  private static final int WARM_UP = 1024;
  private static final double WARM_UP_SECONDS = 1;
  private static final double TOLERANCE = 0.35;

  private final Settings settings;
  private final LabListener listener;
  private final List<Row> rows = new ArrayList<>();

  /// What to measure.
  ///
  /// @param longest text, in tokens
  /// @param secondsEach the most that one measurement may take; longer ones are foretold and left
  ///   out
  public record Settings(int longest, double secondsEach, int threads) {
    public Settings {
      if (longest < 2 * SHORTEST) {
        throw new IllegalArgumentException(
            "the longest text must have at least " + 2 * SHORTEST + " tokens, not " + longest);
      }
      if (!(secondsEach > 0)) {
        throw new IllegalArgumentException(
            "a measurement must take more than 0 seconds, not " + secondsEach);
      }
    }
  }

  /// One measurement.
  ///
  /// @param extraBytes by how much the process grew beyond operands and results; empty where nobody
  ///   counts
  /// @param bytesMoved and `pairs` as counted in the forward loops
  /// @param speedUp over plain attention where that ran, forward
  public record Row(
      String attention,
      int length,
      double forwardSeconds,
      OptionalDouble bothSeconds,
      OptionalLong extraBytes,
      long bytesMoved,
      long pairs,
      OptionalDouble speedUp) {}

  /// All that came out.
  ///
  /// @param skipped what was not measured, and why
  public record Outcome(List<Row> rows, List<String> skipped, LabReport report) {}

  /// One way to attend.
  private record Way(String name, AttentionAlgorithm algorithm, PatternOfLength pattern) {
    AttentionShape shape(int length) {
      return AttentionShape.training(1, length, 1, 1, HEAD_DIM).with(pattern.of(length));
    }
  }

  @FunctionalInterface
  private interface PatternOfLength {
    AttentionPattern of(int length);
  }

  private static final List<Way> WAYS =
      List.of(
          new Way("plain", AttentionAlgorithm.PLAIN, _ -> AttentionPattern.CAUSAL),
          new Way("flash1", AttentionAlgorithm.FLASH1, _ -> AttentionPattern.CAUSAL),
          new Way("flash2", AttentionAlgorithm.FLASH2, _ -> AttentionPattern.CAUSAL),
          new Way(
              "strided √T",
              AttentionAlgorithm.FLASH2,
              length -> new AttentionPattern.Strided(root(length))),
          new Way(
              "fixed √T",
              AttentionAlgorithm.FLASH2,
              length -> new AttentionPattern.Fixed(root(length), 1)),
          new Way(
              "global " + GLOBAL + " + window " + WINDOW,
              AttentionAlgorithm.FLASH2,
              _ -> new AttentionPattern.Global(GLOBAL, WINDOW, true)),
          new Way(
              "sinks " + SINKS + " + window " + WINDOW,
              AttentionAlgorithm.FLASH2,
              _ -> new AttentionPattern.Sinks(SINKS, WINDOW)),
          new Way(
              "window " + WINDOW,
              AttentionAlgorithm.FLASH2,
              _ -> new AttentionPattern.Window(WINDOW)));

  private static int root(int length) {
    return (int) Math.round(Math.sqrt(length));
  }

  private AttentionLab(Settings settings, LabListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /// Runs the experiment.
  public static Outcome run(Settings settings, LabListener listener) {
    return new AttentionLab(settings, listener).run();
  }

  private Outcome run() {
    List<String> skipped = new ArrayList<>();
    double all = 0;
    for (int length = SHORTEST; length <= settings.longest(); length *= 2) {
      all += length;
    }
    double done = 0;
    listener.phase(
        "attention",
        "one sequence, one head of " + HEAD_DIM + ", " + settings.threads() + " threads");
    for (Way way : WAYS) {
      listener.progressed("warming up " + way.name(), 0);
      warmUp(way);
    }
    Map<Way, Row> last = new LinkedHashMap<>();
    for (int length = SHORTEST; length <= settings.longest(); length *= 2) {
      for (int i = 0; i < WAYS.size(); i++) {
        Way way = WAYS.get(i);
        listener.progressed(
            way.name() + " at " + length, (done + (double) length * i / WAYS.size()) / all);
        measure(way, length, last, skipped);
      }
      done += length;
    }
    for (String line : skipped) {
      listener.phase("left out", line);
    }
    return new Outcome(List.copyOf(rows), skipped, report(skipped));
  }

  private void measure(Way way, int length, Map<Way, Row> last, List<String> skipped) {
    AttentionShape shape = way.shape(length);
    AttentionTraffic traffic = AttentionTraffic.of(shape, way.algorithm());
    Optional<Row> before = Optional.ofNullable(last.get(way));
    if (before.isEmpty() && length > SHORTEST) {
      return;
    }
    double growth = before.map(row -> (double) traffic.pairs() / row.pairs()).orElse(0.0);
    double foretold = before.map(row -> growth * row.forwardSeconds()).orElse(0.0);
    // Absent where they were left out before.
    OptionalDouble gradients = before.isEmpty() ? OptionalDouble.of(0) : before.get().bothSeconds();
    boolean plain = way.algorithm() == AttentionAlgorithm.PLAIN;
    if (plain && PlainAttention.bytes(shape) > MOST_MATRIX_BYTES) {
      skipped.add(
          String.format(
              Locale.ROOT,
              "%s from %,d tokens on: its matrix would take %s",
              way.name(),
              length,
              bytes(PlainAttention.bytes(shape))));
      last.remove(way);
      return;
    }
    if (foretold > settings.secondsEach()) {
      skipped.add(
          String.format(
              Locale.ROOT,
              "%s from %,d tokens on: it would take about %.0f s",
              way.name(),
              length,
              foretold));
      last.remove(way);
      return;
    }
    boolean backward =
        gradients.isPresent() && growth * gradients.getAsDouble() <= settings.secondsEach();
    if (!backward && gradients.isPresent()) {
      skipped.add(
          String.format(
              Locale.ROOT,
              "gradients of %s from %,d tokens on: they would take about %.0f s",
              way.name(),
              length,
              growth * gradients.getAsDouble()));
    }
    Row row = measure(way, shape, traffic, backward);
    rows.add(row);
    last.put(way, row);
  }

  /// Runs one way until the compiler has seen it.
  private void warmUp(Way way) {
    try (Kernels opened = KernelChoice.open(settings.threads());
        Operands operands = new Operands(opened.with(way.algorithm()), way.shape(WARM_UP))) {
      for (double spent = 0; spent < WARM_UP_SECONDS; ) {
        spent += operands.seconds(false) + operands.seconds(true);
      }
    }
  }

  /// Measures on kernels of its own: what others keep must not count.
  private Row measure(Way way, AttentionShape shape, AttentionTraffic traffic, boolean backward) {
    try (Kernels opened = KernelChoice.open(settings.threads());
        Operands operands = new Operands(opened.with(way.algorithm()), shape)) {
      PeakMemory memory = PeakMemory.watch();
      double forward = operands.best(false);
      OptionalDouble both =
          backward ? OptionalDouble.of(operands.best(true)) : OptionalDouble.empty();
      OptionalDouble speedUp =
          rows.stream()
              .filter(row -> row.length() == shape.keys() && row.attention().equals("plain"))
              .mapToDouble(row -> row.forwardSeconds() / forward)
              .findFirst();
      return new Row(
          way.name(),
          shape.keys(),
          forward,
          both,
          memory.grown(),
          traffic.bytes(),
          traffic.pairs(),
          speedUp);
    }
  }

  /// Operands and results, whose memory is there before anything is measured.
  private static final class Operands implements AutoCloseable {
    private final Kernels kernels;
    private final AttentionShape shape;
    private final Workspace inputs = new Workspace("attention's inputs");
    private final Workspace results = new Workspace("attention's results");
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Tensor dOut;

    Operands(Kernels kernels, AttentionShape shape) {
      this.kernels = kernels;
      this.shape = shape;
      RandomNumbers random = new RandomNumbers(1);
      q = random(random);
      k = random(random);
      v = random(random);
      dOut = random(random);
      for (Tensor input : List.of(q, k, v)) {
        input.requireGradient().setGradient(inputs.zeros(input.shape()));
      }
      Pass pass = Pass.inference(kernels, results);
      pass.allocate(q.shape()).fill(0);
      pass.allocate(1, 1, shape.queries()).fill(0);
    }

    private Tensor random(RandomNumbers random) {
      Tensor tensor = inputs.allocate(Shape.of(1, shape.keys(), 1, HEAD_DIM), DType.FLOAT32);
      random.fillNormal(tensor, 1);
      return tensor;
    }

    double best(boolean backward) {
      double best = seconds(backward);
      double spent = best;
      for (int i = 1; best < SHORT_SECONDS && (i < REPETITIONS || spent < SHORT_SECONDS); i++) {
        double once = seconds(backward);
        best = Math.min(best, once);
        spent += once;
      }
      return best;
    }

    private double seconds(boolean backward) {
      results.reset();
      long start = System.nanoTime();
      if (backward) {
        Pass pass = Pass.training(kernels, results);
        pass.backward(Attention.attention(pass, shape, q, k, v), dOut);
      } else {
        Attention.attention(Pass.inference(kernels, results), shape, q, k, v);
      }
      return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public void close() {
      results.close();
      inputs.close();
    }
  }

  private LabReport report(List<String> skipped) {
    List<Table> tables = new ArrayList<>();
    tables.add(table());
    if (!skipped.isEmpty()) {
      tables.add(new Table("Left out", List.of("what"), skipped.stream().map(List::of).toList()));
    }
    return new LabReport(
        "Attention: quadratic, linear, and what moves",
        "How do time, memory and traffic of attention grow with the text? One head of 64 over one"
            + " sequence, causal, by each algorithm and under each pattern. Extra memory is by how"
            + " much the process grew beyond operands, results and gradients; bytes moved are"
            + " counted in the loops of the forward pass.",
        findings(),
        tables,
        List.of(
            chart("Forward time", "seconds", Row::forwardSeconds),
            chart("Forward and backward time", "seconds", row -> row.bothSeconds().orElse(-1)),
            chart("Extra memory", "bytes", row -> row.extraBytes().orElse(-1)),
            chart("Bytes moved", "bytes", Row::bytesMoved)));
  }

  private Table table() {
    List<List<String>> lines = new ArrayList<>();
    for (Row row : rows) {
      lines.add(
          List.of(
              row.attention(),
              String.format(Locale.ROOT, "%,d", row.length()),
              milliseconds(row.forwardSeconds()),
              row.bothSeconds().isPresent() ? milliseconds(row.bothSeconds().getAsDouble()) : "-",
              row.extraBytes().isPresent() ? bytes(row.extraBytes().getAsLong()) : "-",
              bytes(row.bytesMoved()),
              String.format(Locale.ROOT, "%.3g", (double) row.pairs()),
              row.speedUp().isPresent()
                  ? String.format(Locale.ROOT, "%.2f", row.speedUp().getAsDouble())
                  : "-"));
    }
    return new Table(
        "Attention over texts of growing length",
        List.of(
            "attention",
            "tokens",
            "forward ms",
            "both ms",
            "extra memory",
            "bytes moved",
            "scores",
            "× plain"),
        lines);
  }

  private Chart chart(String title, String unit, ToDoubleFunction<Row> value) {
    List<Series> series = new ArrayList<>();
    for (Way way : WAYS) {
      List<Row> own = of(way.name());
      series.add(
          Series.measured(
              way.name(),
              own.stream().mapToDouble(Row::length).toArray(),
              own.stream().mapToDouble(value).toArray()));
    }
    return new Chart(title, Axis.logarithmic("tokens"), Axis.logarithmic(unit), series);
  }

  private List<Row> of(String name) {
    return rows.stream().filter(row -> row.attention().equals(name)).toList();
  }

  private List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    grows(findings, "flash2", "T² (every pair)");
    grows(findings, "window " + WINDOW, "T (Beltagy et al. 2020)");
    grows(findings, "sinks " + SINKS + " + window " + WINDOW, "T (Xiao et al. 2023)");
    grows(findings, "fixed √T", "T√T (Child et al. 2019)");
    memory(findings);
    traffic(findings);
    return findings;
  }

  /// Compares how time grew over the last two doublings of the text with how the computed scores
  /// did, which tend to the power that theory says.
  private void grows(List<Finding> findings, String name, String theory) {
    List<Row> own = of(name);
    if (own.size() < 3) {
      return;
    }
    Row longer = own.getLast();
    Row shorter = own.get(own.size() - 3);
    double measured = power(shorter, longer, longer.forwardSeconds() / shorter.forwardSeconds());
    double counted = power(shorter, longer, (double) longer.pairs() / shorter.pairs());
    findings.add(
        new Finding(
            String.format(
                Locale.ROOT, "time of %s from %,d to %,d", name, shorter.length(), longer.length()),
            String.format(Locale.ROOT, "%s; scores T^%.2f", theory, counted),
            String.format(Locale.ROOT, "T^%.2f", measured),
            Math.abs(measured - counted) <= TOLERANCE));
  }

  private static double power(Row shorter, Row longer, double growth) {
    return Math.log(growth) / Math.log((double) longer.length() / shorter.length());
  }

  private void memory(List<Finding> findings) {
    List<Row> plain = of("plain");
    if (!plain.isEmpty() && plain.getLast().extraBytes().isPresent()) {
      Row longest = plain.getLast();
      boolean both = longest.bothSeconds().isPresent();
      long expected = (both ? 2L : 1L) * longest.length() * longest.length() * Float.BYTES;
      double ratio = (double) longest.extraBytes().getAsLong() / expected;
      findings.add(
          new Finding(
              String.format(Locale.ROOT, "extra memory of plain at %,d", longest.length()),
              (both ? "8" : "4") + " T² bytes = " + bytes(expected),
              bytes(longest.extraBytes().getAsLong()),
              ratio > 0.8 && ratio < 1.5));
    }
    for (String name : List.of("flash2", "window " + WINDOW)) {
      List<Row> own = of(name);
      if (!own.isEmpty() && own.getLast().extraBytes().isPresent()) {
        Row longest = own.getLast();
        findings.add(
            new Finding(
                String.format(Locale.ROOT, "extra memory of %s at %,d", name, longest.length()),
                "O(T), below " + bytes(MOST_EXTRA_BYTES),
                bytes(longest.extraBytes().getAsLong()),
                longest.extraBytes().getAsLong() < MOST_EXTRA_BYTES));
      }
    }
  }

  private void traffic(List<Finding> findings) {
    for (Row plain : of("plain")) {
      for (Row flash : of("flash2")) {
        if (plain.length() == flash.length() && plain.equals(of("plain").getLast())) {
          double less = (double) plain.bytesMoved() / flash.bytesMoved();
          double faster = plain.forwardSeconds() / flash.forwardSeconds();
          findings.add(
              new Finding(
                  String.format(Locale.ROOT, "flash2 against plain at %,d", plain.length()),
                  "faster, moving fewer bytes (Dao et al. 2022)",
                  String.format(Locale.ROOT, "%.1f × as fast, 1/%.0f of the bytes", faster, less),
                  faster > 1 && less > 1));
        }
      }
    }
  }

  private static String milliseconds(double seconds) {
    double value = 1e3 * seconds;
    return String.format(
        Locale.ROOT, value >= 100 ? "%,.0f" : value >= 10 ? "%.1f" : "%.2f", value);
  }

  static String bytes(long bytes) {
    double value = bytes;
    for (String unit : List.of("B", "KiB", "MiB", "GiB")) {
      if (value < 1024 || unit.equals("GiB")) {
        return String.format(
            Locale.ROOT, value >= 100 || unit.equals("B") ? "%,.0f %s" : "%.1f %s", value, unit);
      }
      value /= 1024;
    }
    throw new AssertionError(bytes);
  }
}
