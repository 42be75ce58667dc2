package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/// Softmax and cross-entropy, shifted by the row's maximum so that no exponential overflows.
final class ScalarLoss implements LossKernels {
  private final Parallel parallel;

  ScalarLoss(Parallel parallel) {
    this.parallel = parallel;
  }

  @Override
  public void crossEntropy(
      MemorySegment logits, MemorySegment targets, MemorySegment losses, int rows, int classes) {
    parallel.forRange(
        rows,
        1,
        (from, to) -> {
          for (int r = from; r < to; r++) {
            int target = targets.getAtIndex(JAVA_INT_UNALIGNED, r);
            long row = (long) r * classes;
            double largest = largest(logits, row, classes);
            double sum = sumOfExponentials(logits, row, classes, largest);
            set(
                losses,
                r,
                target == IGNORED ? 0 : Math.log(sum) - (get(logits, row + target) - largest));
          }
        });
  }

  @Override
  public void crossEntropyWithGradient(
      MemorySegment logits,
      MemorySegment targets,
      long targetsOffset,
      MemorySegment losses,
      long lossesOffset,
      int rows,
      int classes,
      float scale,
      float smoothing) {
    parallel.forRange(
        rows,
        1,
        (from, to) -> {
          for (int r = from; r < to; r++) {
            int target = targets.getAtIndex(JAVA_INT_UNALIGNED, targetsOffset + r);
            long row = (long) r * classes;
            if (target == IGNORED) {
              for (int c = 0; c < classes; c++) {
                set(logits, row + c, 0);
              }
              set(losses, lossesOffset + r, 0);
              continue;
            }
            double largest = largest(logits, row, classes);
            double sum = sumOfExponentials(logits, row, classes, largest);
            double logSumExp = largest + Math.log(sum);
            double loss = 0;
            for (int c = 0; c < classes; c++) {
              double wanted = smoothing / classes + (c == target ? 1 - smoothing : 0);
              double logit = get(logits, row + c);
              loss += wanted * (logSumExp - logit);
              set(logits, row + c, scale * (Math.exp(logit - logSumExp) - wanted));
            }
            set(losses, lossesOffset + r, loss);
          }
        });
  }

  @Override
  public void softmax(MemorySegment x, int rows, int classes) {
    parallel.forRange(
        rows,
        1,
        (from, to) -> {
          for (int r = from; r < to; r++) {
            long row = (long) r * classes;
            double largest = largest(x, row, classes);
            double sum = sumOfExponentials(x, row, classes, largest);
            for (int c = 0; c < classes; c++) {
              set(x, row + c, Math.exp(get(x, row + c) - largest) / sum);
            }
          }
        });
  }

  private static double largest(MemorySegment x, long row, int classes) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < classes; c++) {
      largest = Math.max(largest, get(x, row + c));
    }
    return largest;
  }

  private static double sumOfExponentials(MemorySegment x, long row, int classes, double largest) {
    double sum = 0;
    for (int c = 0; c < classes; c++) {
      sum += Math.exp(get(x, row + c) - largest);
    }
    return sum;
  }
}
