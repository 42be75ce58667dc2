package dev.lungo.kernel.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.lungo.kernel.LossKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;

/// Softmax and cross-entropy: the row's maximum, then each exponential once, then one factor over
/// the row, which by then lies in the second cache.
final class VectorLoss implements LossKernels {
  private final Parallel parallel;

  VectorLoss(Parallel parallel) {
    this.parallel = parallel;
  }

  @Override
  public void crossEntropy(
      MemorySegment logits, MemorySegment targets, MemorySegment losses, int rows, int classes) {
    parallel.forRange(
        rows,
        Blocks.rows(classes),
        (from, to) -> {
          for (int r = from; r < to; r++) {
            int target = targets.getAtIndex(JAVA_INT_UNALIGNED, r);
            double loss = 0;
            if (target != IGNORED) {
              long row = (long) r * classes;
              float largest = SoftmaxRow.largest(logits, row, classes);
              float shifted = logits.getAtIndex(JAVA_FLOAT_UNALIGNED, row + target) - largest;
              loss =
                  Math.log(SoftmaxRow.sumOfExponentials(logits, row, classes, largest, false))
                      - shifted;
            }
            losses.setAtIndex(JAVA_FLOAT_UNALIGNED, r, (float) loss);
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
        Blocks.rows(classes),
        (from, to) -> {
          for (int r = from; r < to; r++) {
            int target = targets.getAtIndex(JAVA_INT_UNALIGNED, targetsOffset + r);
            double loss =
                gradientRow(logits, (long) r * classes, classes, target, scale, smoothing);
            losses.setAtIndex(JAVA_FLOAT_UNALIGNED, lossesOffset + r, (float) loss);
          }
        });
  }

  private static double gradientRow(
      MemorySegment logits, long row, int classes, int target, float scale, float smoothing) {
    if (target == IGNORED) {
      logits.asSlice(row * Float.BYTES, (long) classes * Float.BYTES).fill((byte) 0);
      return 0;
    }
    float largest = SoftmaxRow.largest(logits, row, classes);
    float shifted = logits.getAtIndex(JAVA_FLOAT_UNALIGNED, row + target) - largest;
    double mean = smoothing > 0 ? VectorSums.of(logits, row, classes) / classes - largest : 0;
    double sum = SoftmaxRow.sumOfExponentials(logits, row, classes, largest, true);
    SoftmaxRow.multiply(logits, row, classes, (float) (scale / sum));
    if (smoothing > 0) {
      SoftmaxRow.add(logits, row, classes, -scale * smoothing / classes);
    }
    float probability = logits.getAtIndex(JAVA_FLOAT_UNALIGNED, row + target);
    logits.setAtIndex(JAVA_FLOAT_UNALIGNED, row + target, probability - scale * (1 - smoothing));
    return Math.log(sum) - (1 - smoothing) * shifted - smoothing * mean;
  }

  @Override
  public void softmax(MemorySegment x, int rows, int classes) {
    parallel.forRange(
        rows,
        Blocks.rows(classes),
        (from, to) -> {
          for (int r = from; r < to; r++) {
            long row = (long) r * classes;
            double sum =
                SoftmaxRow.sumOfExponentials(
                    x, row, classes, SoftmaxRow.largest(x, row, classes), true);
            SoftmaxRow.multiply(x, row, classes, (float) (1 / sum));
          }
        });
  }
}
