package dev.lungo.bench;

import dev.lungo.bench.OperationCase.Outcome;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.tensor.RandomNumbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Values and gradients of every operation against libtorch. Nothing is timed: a row holds the
/// largest difference, relative to the largest number of its array.
@Command(name = "ops", description = "Values and gradients of operations, against libtorch.")
final class OperationsBench implements Callable<Integer> {
  @Mixin private BenchOptions options = new BenchOptions();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads to compute with (default: 2).")
  private int threads = 2;

  @Option(
      names = "--kernels",
      paramLabel = "NAME",
      description = "vector or scalar (default: the fastest that runs).")
  private Optional<String> kernelsName = Optional.empty();

  /// Sums of a few thousand float32 products differ by this much when added in another order.
  private static final double TOLERANCE = 2e-5;

  @Override
  public Integer call() throws Exception {
    if (!options.peers()) {
      throw new IllegalArgumentException("ops compares with libtorch and needs --peers");
    }
    OperationPeer peer = options.peer(OperationPeer.class).orElseThrow();
    List<String> wrong = new ArrayList<>();
    try (Kernels kernels =
        kernelsName.isPresent()
            ? KernelChoice.open(kernelsName.get(), threads)
            : KernelChoice.open(threads)) {
      Report report = new Report("ops", Machine.here(kernels.description()), options, System.out);
      report.note(
          "largest difference from "
              + peer.name()
              + ", relative to the largest number of the array");
      for (OperationCase one : OperationCase.all()) {
        compare(report, wrong, new LungoOperations(kernels), peer, one);
      }
      report.finish();
    }
    if (!wrong.isEmpty()) {
      throw new IllegalStateException(
          "more than " + TOLERANCE + " apart: " + String.join(", ", wrong));
    }
    return 0;
  }

  private void compare(
      Report report,
      List<String> wrong,
      LungoOperations ours,
      OperationPeer peer,
      OperationCase one) {
    RandomNumbers random = new RandomNumbers(one.name().hashCode());
    float[][] inputs = new float[one.inputs().size()][];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = randomValues(random, one.elements(i));
    }
    float[] dOutput =
        one.kind() == OperationCase.Kind.CROSS_ENTROPY
            ? new float[] {1}
            : randomValues(random, 1009);
    Outcome mine = ours.compute(one, inputs, dOutput);
    Outcome other = peer.compute(one, inputs, dOutput);
    double value = difference(mine.output(), other.output());
    double gradient = 0;
    for (int i = 0; i < inputs.length; i++) {
      gradient = Math.max(gradient, difference(mine.gradients().get(i), other.gradients().get(i)));
    }
    report.add(Row.alone(one.name() + " value", threads, "difference", value));
    report.add(Row.alone(one.name() + " gradient", threads, "difference", gradient));
    if (!(value <= TOLERANCE && gradient <= TOLERANCE)) {
      wrong.add(one.name());
    }
  }

  private static float[] randomValues(RandomNumbers random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (2 * random.nextDouble() - 1);
    }
    return values;
  }

  /// Returns the largest difference over the largest number, infinity where either holds no number.
  static double difference(float[] ours, float[] theirs) {
    if (ours.length != theirs.length) {
      throw new IllegalArgumentException(
          ours.length + " numbers here, " + theirs.length + " there");
    }
    double largest = 0;
    double apart = 0;
    for (int i = 0; i < ours.length; i++) {
      double difference = Math.abs((double) ours[i] - theirs[i]);
      if (Double.isNaN(difference)) {
        return Double.POSITIVE_INFINITY;
      }
      apart = Math.max(apart, difference);
      largest = Math.max(largest, Math.abs(theirs[i]));
    }
    return apart == 0 ? 0 : apart / Math.max(largest, 1e-6);
  }
}
