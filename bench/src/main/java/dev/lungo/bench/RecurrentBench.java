package dev.lungo.bench;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.tensor.RandomNumbers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// A training step of stacked recurrent layers, forward and back, against libtorch's fused modules.
///
/// Before anything is timed, h after all steps and every gradient are compared.
@Command(name = "recurrent", description = "LSTM and GRU training steps, against libtorch.")
final class RecurrentBench implements Callable<Integer> {
  private static final String PEER = "libtorch 2.10.0";

  /// How far sums over 256 steps in float32 may be apart, relative to the largest number.
  private static final double TOLERANCE = 2e-4;

  @Mixin private BenchOptions options = new BenchOptions();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      split = ",",
      description = "Threads on either side, one or more numbers (default: 1,2).")
  private List<Integer> threads = List.of(1, 2);

  @Option(
      names = "--cells",
      paramLabel = "NAME",
      split = ",",
      description = "Which layers (default: LSTM,GRU; also RNN_TANH, RNN_RELU).")
  private List<Cell> cells = List.of(Cell.LSTM, Cell.GRU);

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of one measurement (default: 3; with --quick 1).")
  private int steps;

  @Override
  public Integer call() throws Exception {
    Path folder = Files.createTempDirectory("lungo-bench");
    try (Kernels kernels = KernelChoice.open(1)) {
      Report report =
          new Report("recurrent", Machine.here(kernels.description()), options, System.out);
      for (Cell cell : cells) {
        // The time axis of the peer's plain modules is no longer than this in --quick.
        RecurrentCase sizes = new RecurrentCase(cell, 2, 512, options.quick() ? 64 : 256, 16);
        Path inputs = folder.resolve(cell + "-inputs");
        List<float[]> values = inputs(sizes);
        RecurrentCase.write(inputs, values);
        for (int count : threads) {
          measure(report, folder, sizes, inputs, values, count);
        }
      }
      report.finish();
    } finally {
      TemporaryFiles.delete(folder);
    }
    return 0;
  }

  private static List<float[]> inputs(RecurrentCase sizes) {
    RandomNumbers random = new RandomNumbers(42);
    List<float[]> arrays = new ArrayList<>();
    double bound = 1 / Math.sqrt(sizes.width());
    for (long[] shape : sizes.shapes()) {
      long count = 1;
      for (long dimension : shape) {
        count *= dimension;
      }
      float[] array = new float[Math.toIntExact(count)];
      double largest = shape.length == 3 ? 1 : bound;
      for (int i = 0; i < array.length; i++) {
        array[i] = (float) (largest * (2 * random.nextDouble() - 1));
      }
      arrays.add(array);
    }
    return arrays;
  }

  private void measure(
      Report report, Path folder, RecurrentCase sizes, Path inputs, List<float[]> values, int count)
      throws Exception {
    String name =
        sizes.cell() + " " + sizes.layers() + "x" + sizes.width() + " T" + sizes.steps() + " B16";
    int repeats = steps > 0 ? steps : options.quick() ? 1 : 3;
    try (LungoRecurrent ours = new LungoRecurrent(sizes, count, values)) {
      if (!options.peers()) {
        double alone =
            Rounds.medians(options.rounds(), List.of(() -> 1e3 * ours.seconds(repeats)))[0];
        report.add(Row.alone(name, count, "ms a step", alone));
        return;
      }
      // On some machines libtorch is faster on one thread than on several: it may use its best.
      try (Child theirs = child(sizes, count, inputs);
          Child single = child(sizes, 1, inputs)) {
        compare(report, name, count, sizes, folder, ours, theirs);
        List<Rounds.Measurement> contestants = new ArrayList<>();
        contestants.add(() -> 1e3 * ours.seconds(repeats));
        contestants.add(() -> milliseconds(theirs, repeats));
        if (count > 1) {
          contestants.add(() -> milliseconds(single, repeats));
        }
        double[] medians = Rounds.medians(options.rounds(), contestants);
        double best = count > 1 ? Math.min(medians[1], medians[2]) : medians[1];
        report.add(Row.ofCosts(name, count, "ms a step", medians[0], PEER, best));
      }
    }
  }

  private static Child child(RecurrentCase sizes, int threads, Path inputs) throws IOException {
    Child child =
        Child.java(
            "dev.lungo.bench.peer.LibtorchRecurrent",
            Map.of("OMP_WAIT_POLICY", "PASSIVE", "OMP_NUM_THREADS", Integer.toString(threads)));
    child.ask("layers " + threads + " " + inputs + " " + sizes.words());
    return child;
  }

  private static double milliseconds(Child child, int count) throws IOException {
    return 1e3 * Double.parseDouble(child.ask("steps " + count)[0]);
  }

  /// @throws IllegalStateException if the two do not compute the same
  private static void compare(
      Report report,
      String name,
      int count,
      RecurrentCase sizes,
      Path folder,
      LungoRecurrent ours,
      Child theirs)
      throws IOException {
    Path results = folder.resolve("results");
    theirs.ask("results " + results);
    List<float[]> other = sizes.read(results);
    List<float[]> mine = ours.results();
    double worst = 0;
    for (int i = 0; i < mine.size(); i++) {
      worst = Math.max(worst, OperationsBench.difference(mine.get(i), other.get(i)));
    }
    report.add(Row.alone(name + ", h and gradients", count, "difference", worst));
    if (!(worst <= TOLERANCE)) {
      throw new IllegalStateException(
          "results are up to " + worst + " apart, more than " + TOLERANCE);
    }
  }
}
