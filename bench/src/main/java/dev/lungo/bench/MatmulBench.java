package dev.lungo.bench;

import dev.lungo.bench.Rounds.Measurement;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.tensor.RandomNumbers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Float32 matrix products against OpenBLAS: the forward product and both backward ones, at the
/// sizes of the reference model (2,048 tokens) and of a 1024³ cube.
@Command(name = "matmul", description = "Matrix products, against OpenBLAS.")
final class MatmulBench implements Callable<Integer> {
  @Mixin private BenchOptions options = new BenchOptions();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads on either side (default: 1).")
  private int threads = 1;

  @Option(
      names = "--kernels",
      paramLabel = "NAME",
      description = "vector or scalar (default: the fastest that runs).")
  private Optional<String> kernelsName = Optional.empty();

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      description = "Only the cases whose name contains this.")
  private String only = "";

  private static final int TOKENS = 2048;

  /// Inputs and outputs (K, N) of the linear layers of the reference model.
  private static final int[][] LAYERS = {{256, 256}, {256, 672}, {672, 256}, {256, 4096}};

  /// One product.
  private record Case(String name, Form form, int m, int n, int k) {
    double operations() {
      return 2.0 * m * n * k;
    }
  }

  private static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (int[] layer : LAYERS) {
      addLayer(cases, TOKENS, layer[0], layer[1]);
    }
    addLayer(cases, 1024, 1024, 1024);
    return cases;
  }

  private static void addLayer(List<Case> cases, int rows, int in, int out) {
    String size = rows + "x" + in + "x" + out;
    cases.add(new Case(size + " forward", Form.NT, rows, out, in));
    cases.add(new Case(size + " backward input", Form.NN, rows, in, out));
    cases.add(new Case(size + " backward weight", Form.TN, out, in, rows));
  }

  @Override
  public Integer call() throws Exception {
    List<Case> chosen = cases().stream().filter(one -> one.name().contains(only)).toList();
    if (chosen.isEmpty()) {
      throw new IllegalArgumentException("--only " + only + " matches no case");
    }
    Optional<MatmulPeer> peer = options.peer(MatmulPeer.class);
    peer.ifPresent(found -> found.useThreads(threads));
    try (Kernels kernels =
        kernelsName.isPresent()
            ? KernelChoice.open(kernelsName.get(), threads)
            : KernelChoice.open(threads)) {
      Report report =
          new Report("matmul", Machine.here(kernels.description()), options, System.out);
      List<Row> rows = new ArrayList<>();
      for (Case one : chosen) {
        Row row = measure(one, kernels, peer);
        report.add(row);
        rows.add(row);
      }
      if (peer.isPresent()) {
        report.add(
            Row.ofRates(
                "geometric mean",
                threads,
                "GFLOP/s",
                Rounds.geometricMean(rows.stream().mapToDouble(Row::ours).toArray()),
                peer.get().name(),
                Rounds.geometricMean(
                    rows.stream().mapToDouble(row -> row.theirs().orElseThrow()).toArray())));
      }
      report.finish();
    }
    return 0;
  }

  private Row measure(Case one, Kernels kernels, Optional<MatmulPeer> peer) throws Exception {
    try (Arena arena = Arena.ofShared()) {
      RandomNumbers random = new RandomNumbers(1);
      MemorySegment a = randomMatrix(arena, random, (long) one.m() * one.k());
      MemorySegment b = randomMatrix(arena, random, (long) one.k() * one.n());
      MemorySegment ours = arena.allocate(4L * one.m() * one.n(), 64);
      Runnable ourProduct =
          () -> kernels.matmul().multiply(one.form(), one.m(), one.n(), one.k(), a, b, ours, false);
      List<Measurement> contestants = new ArrayList<>();
      contestants.add(rate(one, ourProduct));
      if (peer.isPresent()) {
        MemorySegment theirs = arena.allocate(4L * one.m() * one.n(), 64);
        Runnable theirProduct =
            peer.get().product(one.form(), one.m(), one.n(), one.k(), a, b, theirs);
        ourProduct.run();
        theirProduct.run();
        checkEqual(one, ours, theirs);
        contestants.add(rate(one, theirProduct));
      }
      warmUp(ourProduct);
      double[] medians = Rounds.medians(options.rounds(), contestants);
      return peer.isPresent()
          ? Row.ofRates(one.name(), threads, "GFLOP/s", medians[0], peer.get().name(), medians[1])
          : Row.alone(one.name(), threads, "GFLOP/s", medians[0]);
    }
  }

  /// A measurement lasts long enough for the clock: some billions of operations.
  private Measurement rate(Case one, Runnable product) {
    int repetitions = (int) Math.ceil((options.quick() ? 1e9 : 4e9) / one.operations());
    return () -> {
      long start = System.nanoTime();
      for (int i = 0; i < repetitions; i++) {
        product.run();
      }
      return repetitions * one.operations() / (System.nanoTime() - start);
    };
  }

  /// Runs our side until the compiler is done with it; theirs was compiled long ago.
  private void warmUp(Runnable product) {
    long end = System.nanoTime() + (options.quick() ? 200_000_000L : 700_000_000L);
    do {
      product.run();
    } while (System.nanoTime() < end);
  }

  private static MemorySegment randomMatrix(Arena arena, RandomNumbers random, long elements) {
    MemorySegment matrix = arena.allocate(4 * elements, 64);
    for (long i = 0; i < elements; i++) {
      matrix.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (2 * random.nextDouble() - 1));
    }
    return matrix;
  }

  /// Two products of one kind differ by rounding only; a wrong one is not worth timing.
  private static void checkEqual(Case one, MemorySegment ours, MemorySegment theirs) {
    double tolerance = 1e-5 * Math.sqrt(one.k());
    for (long i = 0; i < (long) one.m() * one.n(); i++) {
      float mine = ours.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      float other = theirs.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      if (!(Math.abs(mine - other) <= tolerance)) {
        throw new IllegalStateException(
            one.name()
                + ": element "
                + i
                + " is "
                + mine
                + " here and "
                + other
                + " there, which is not rounding");
      }
    }
  }
}
