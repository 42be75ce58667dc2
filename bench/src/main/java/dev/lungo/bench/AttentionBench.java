package dev.lungo.bench;

import dev.lungo.bench.Rounds.Measurement;
import dev.lungo.kernel.AttentionAlgorithm;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.op.Attention;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Attention against libtorch's own flash kernel and against our plain algorithm, and what shared
/// keys and values save in decoding.
@Command(
    name = "attention",
    description = "Attention, forward and backward, against libtorch and the plain algorithm.")
final class AttentionBench implements Callable<Integer> {
  private static final int WIDTH = 512;
  private static final int DECODED = 32_768;
  private static final int HEAD_DIM = 64;

  /// How many heads decode, and of which dimension.
  private static final int[][] DECODING_HEADS = {{8, 64}, {16, 64}, {32, 64}, {4, 128}, {8, 128}};

  @Mixin private BenchOptions options = new BenchOptions();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads on either side (default: 1).")
  private int threads = 1;

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      description = "Only the cases whose name contains this.")
  private String only = "";

  /// One call.
  ///
  /// @param backward whether gradients are computed, too
  private record Case(AttentionShape shape, boolean backward) {
    String name() {
      return "T "
          + shape.keys()
          + ", D "
          + shape.headDim()
          + (shape.alibi() ? ", ALiBi" : "")
          + (backward ? ", forward and backward" : ", forward");
    }

    /// Returns the multiplications and additions that the mask leaves: two products forward, five
    /// backward.
    double operations() {
      double pairs = (double) shape.queries() * (shape.queries() + 1) / 2;
      double product = 2 * pairs * shape.headDim() * shape.heads() * shape.batch();
      return (backward ? 7 : 2) * product;
    }
  }

  private List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    int[] lengths = options.quick() ? new int[] {1024, 2048} : new int[] {1024, 2048, 4096, 8192};
    for (int headDim : new int[] {64, 128}) {
      for (int length : lengths) {
        int heads = WIDTH / headDim;
        AttentionShape shape = AttentionShape.training(1, length, heads, heads, headDim);
        cases.add(new Case(shape, false));
        cases.add(new Case(shape, true));
      }
    }
    int heads = WIDTH / HEAD_DIM;
    int length = options.quick() ? 1024 : 4096;
    AttentionShape biased =
        AttentionShape.training(1, length, heads, heads, HEAD_DIM).withAlibi();
    cases.add(new Case(biased, false));
    cases.add(new Case(biased, true));
    return cases.stream().filter(one -> one.name().contains(only)).toList();
  }

  @Override
  public Integer call() throws Exception {
    if (threads < 1) {
      throw new IllegalArgumentException("--threads must be at least 1, but is " + threads);
    }
    try (Kernels kernels = KernelChoice.open(threads)) {
      Report report =
          new Report("attention", Machine.here(kernels.description()), options, System.out);
      report.note("width " + WIDTH + ", one sequence, causal; GFLOP/s of what the mask leaves");
      if (options.peers()) {
        try (Peer peer = new Peer(threads)) {
          compare(report, kernels, Optional.of(peer));
        }
      } else {
        compare(report, kernels, Optional.empty());
      }
      comparePlain(report, kernels);
      decode(report, kernels);
      report.finish();
    }
    return 0;
  }

  private void compare(Report report, Kernels kernels, Optional<Peer> peer) throws Exception {
    for (Case one : cases()) {
      report.add(measure(one, kernels, peer));
    }
  }

  private Row measure(Case one, Kernels kernels, Optional<Peer> peer) throws Exception {
    try (Ours ours = new Ours(kernels, one)) {
      warmUp(ours);
      List<Measurement> contestants = new ArrayList<>();
      contestants.add(rate(one, ours));
      if (peer.isPresent()) {
        peer.get().prepare(one.shape());
        contestants.add(rate(one, count -> peer.get().seconds(one.backward(), count)));
      }
      double[] medians = Rounds.medians(options.rounds(), contestants);
      return peer.isPresent()
          ? Row.ofRates(one.name(), threads, "GFLOP/s", medians[0], Peer.NAME, medians[1])
          : Row.alone(one.name(), threads, "GFLOP/s", medians[0]);
    }
  }

  /// Runs our side until the compiler is done with it; theirs was compiled long ago.
  private void warmUp(Ours ours) {
    double end = options.quick() ? 0.5 : 2;
    for (double spent = 0; spent < end; ) {
      spent += ours.seconds(1);
    }
  }

  /// Our algorithms side by side; with `--quick` at a quarter of the length.
  private void comparePlain(Report report, Kernels kernels) throws Exception {
    int length = options.quick() ? 1024 : 4096;
    for (boolean backward : new boolean[] {false, true}) {
      int heads = WIDTH / HEAD_DIM;
      Case one = new Case(AttentionShape.training(1, length, heads, heads, HEAD_DIM), backward);
      if (!("plain " + one.name()).contains(only)) {
        continue;
      }
      try (Ours flash = new Ours(kernels, one);
          Ours first = new Ours(kernels.with(AttentionAlgorithm.FLASH1), one);
          Ours plain = new Ours(kernels.with(AttentionAlgorithm.PLAIN), one)) {
        for (Ours ours : List.of(flash, first, plain)) {
          warmUp(ours);
        }
        double[] medians =
            Rounds.medians(
                options.rounds(), List.of(rate(one, flash), rate(one, first), rate(one, plain)));
        report.add(
            Row.ofRates(one.name(), threads, "GFLOP/s", medians[0], "our flash1", medians[1]));
        report.add(
            Row.ofRates(one.name(), threads, "GFLOP/s", medians[0], "our plain", medians[2]));
      }
    }
  }

  /// One query to a long cache: with keys and values for each head, for every four, and one for all.
  private void decode(Report report, Kernels kernels) throws Exception {
    for (int[] heads : DECODING_HEADS) {
      String name = "decode at " + DECODED + ", " + heads[0] + " heads of " + heads[1];
      if (name.contains(only)) {
        decode(report, kernels, name, heads[0], heads[1]);
      }
    }
  }

  private void decode(Report report, Kernels kernels, String name, int heads, int headDim)
      throws Exception {
    int[] kvHeads = {heads, heads / 4, 1};
    try (Ours many = new Ours(kernels, decoding(heads, heads, headDim));
        Ours some = new Ours(kernels, decoding(heads, kvHeads[1], headDim));
        Ours one = new Ours(kernels, decoding(heads, 1, headDim))) {
      Ours[] contestants = {many, some, one};
      List<Measurement> measured = new ArrayList<>();
      for (int i = 0; i < kvHeads.length; i++) {
        Ours ours = contestants[i];
        warmUp(ours);
        // About as long for each.
        int width = Math.max(4, kvHeads[i]) * headDim;
        int calls = Math.max(1, (options.quick() ? 32 : 160) * HEAD_DIM / width);
        measured.add(() -> ours.seconds(calls) / calls * 1e3);
      }
      double[] medians = Rounds.medians(options.rounds(), measured);
      for (int i = 0; i < kvHeads.length; i++) {
        if (i > 0 && kvHeads[i] == kvHeads[i - 1]) {
          continue;
        }
        String row = name + ", " + kvHeads[i] + " kv";
        report.add(
            i == 0
                ? Row.alone(row, threads, "ms", medians[0])
                : Row.ofCosts(row, threads, "ms", medians[i], "our MHA", medians[0]));
        double bytes = 2.0 * DECODED * kvHeads[i] * headDim * Float.BYTES;
        report.add(Row.alone(row, threads, "GB/s", bytes / medians[i] / 1e6));
      }
    }
  }

  private static Case decoding(int heads, int kvHeads, int headDim) {
    float scale = (float) (1 / Math.sqrt(headDim));
    AttentionShape shape =
        new AttentionShape(1, 1, DECODED, DECODED, heads, kvHeads, headDim, true, scale);
    return new Case(shape, false);
  }

  /// Something that computes a case several times and says how long it took.
  private interface Contestant {
    double seconds(int calls) throws Exception;
  }

  private Measurement rate(Case one, Contestant contestant) {
    double enough = options.quick() ? 2e9 : 8e9;
    int calls = (int) Math.max(1, Math.ceil(enough / one.operations()));
    return () -> calls * one.operations() / contestant.seconds(calls) / 1e9;
  }

  /// Our side of a case.
  private static final class Ours implements Contestant, AutoCloseable {
    private final Kernels kernels;
    private final Case one;
    private final Workspace inputs = new Workspace("attention's inputs");
    private final Workspace results = new Workspace("attention's results");
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Tensor dOut;

    Ours(Kernels kernels, Case one) {
      this.kernels = kernels;
      this.one = one;
      AttentionShape shape = one.shape;
      RandomNumbers random = new RandomNumbers(1);
      q = random(random, shape.queries(), shape.heads());
      k = random(random, shape.keyCapacity(), shape.kvHeads());
      v = random(random, shape.keyCapacity(), shape.kvHeads());
      dOut = random(random, shape.queries(), shape.heads());
      if (one.backward) {
        for (Tensor input : List.of(q, k, v)) {
          input.requireGradient().setGradient(inputs.zeros(input.shape()));
        }
      }
    }

    private Tensor random(RandomNumbers random, int length, int heads) {
      Shape shape = Shape.of(one.shape.batch(), length, heads, one.shape.headDim());
      Tensor tensor = inputs.allocate(shape, DType.FLOAT32);
      random.fillNormal(tensor, 1);
      return tensor;
    }

    @Override
    public double seconds(int calls) {
      long start = System.nanoTime();
      for (int i = 0; i < calls; i++) {
        results.reset();
        if (one.backward) {
          Pass pass = Pass.training(kernels, results);
          pass.backward(Attention.attention(pass, one.shape, q, k, v), dOut);
        } else {
          Attention.attention(Pass.inference(kernels, results), one.shape, q, k, v);
        }
      }
      return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public void close() {
      results.close();
      inputs.close();
    }
  }

  /// libtorch in a process of its own.
  private static final class Peer implements AutoCloseable {
    static final String NAME = "libtorch 2.10.0";

    private final Child child;
    private final int threads;

    Peer(int threads) throws IOException {
      this.threads = threads;
      child = LibtorchTraining.start("dev.lungo.bench.peer.LibtorchAttention", threads);
    }

    void prepare(AttentionShape shape) throws IOException {
      child.ask(
          "shape "
              + threads
              + " "
              + shape.batch()
              + " "
              + shape.queries()
              + " "
              + shape.heads()
              + " "
              + shape.headDim()
              + (shape.alibi() ? " alibi" : ""));
    }

    double seconds(boolean backward, int calls) throws IOException {
      return Double.parseDouble(child.ask((backward ? "both " : "forward ") + calls)[0]);
    }

    @Override
    public void close() throws IOException {
      child.close();
    }
  }
}
