package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;
import static dev.lungo.kernel.vector.VectorExponential.exp;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.lungo.kernel.LossKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Softmax and cross-entropy: the row's maximum, then each exponential once, then one factor over
/// the row, which by then lies in the second cache.
final class VectorLoss implements LossKernels {
  private static final int STRETCH = 1024;

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
              float largest = largest(logits, row, classes);
              float shifted = logits.getAtIndex(JAVA_FLOAT_UNALIGNED, row + target) - largest;
              loss = Math.log(sumOfExponentials(logits, row, classes, largest, false)) - shifted;
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
    float largest = largest(logits, row, classes);
    float shifted = logits.getAtIndex(JAVA_FLOAT_UNALIGNED, row + target) - largest;
    double mean = smoothing > 0 ? sum(logits, row, classes) / classes - largest : 0;
    double sum = sumOfExponentials(logits, row, classes, largest, true);
    multiply(logits, row, classes, (float) (scale / sum));
    if (smoothing > 0) {
      add(logits, row, classes, -scale * smoothing / classes);
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
            double sum = sumOfExponentials(x, row, classes, largest(x, row, classes), true);
            multiply(x, row, classes, (float) (1 / sum));
          }
        });
  }

  private static float largest(MemorySegment x, long row, int classes) {
    FloatVector largest = FloatVector.broadcast(Lanes.SPECIES, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= classes - LENGTH; i += LENGTH) {
      largest = largest.max(load(x, row + i));
    }
    if (i < classes) {
      VectorMask<Float> tail = Lanes.first(classes - i);
      largest = largest.max(largest.blend(load(x, row + i, tail), tail));
    }
    return largest.reduceLanes(VectorOperators.MAX);
  }

  /// Computes Σ exp(x - largest), and leaves the exponentials in x when `keep`.
  private static double sumOfExponentials(
      MemorySegment x, long row, int classes, float largest, boolean keep) {
    double total = 0;
    int i = 0;
    while (i <= classes - LENGTH) {
      int stop = Math.min(classes - LENGTH, i + STRETCH - LENGTH);
      FloatVector sum = Lanes.zero();
      for (; i <= stop; i += LENGTH) {
        FloatVector exponential = exp(load(x, row + i).sub(largest));
        sum = sum.add(exponential);
        if (keep) {
          store(exponential, x, row + i);
        }
      }
      total += Lanes.sum(sum);
    }
    if (i < classes) {
      VectorMask<Float> tail = Lanes.first(classes - i);
      FloatVector exponential = exp(load(x, row + i, tail).sub(largest));
      total += Lanes.sum(Lanes.zero().blend(exponential, tail));
      if (keep) {
        store(exponential, x, row + i, tail);
      }
    }
    return total;
  }

  private static double sum(MemorySegment x, long row, int classes) {
    double total = 0;
    int i = 0;
    while (i <= classes - LENGTH) {
      int stop = Math.min(classes - LENGTH, i + STRETCH - LENGTH);
      FloatVector sum = Lanes.zero();
      for (; i <= stop; i += LENGTH) {
        sum = sum.add(load(x, row + i));
      }
      total += Lanes.sum(sum);
    }
    if (i < classes) {
      VectorMask<Float> tail = Lanes.first(classes - i);
      total += Lanes.sum(Lanes.zero().blend(load(x, row + i, tail), tail));
    }
    return total;
  }

  private static void multiply(MemorySegment x, long row, int classes, float factor) {
    int i = 0;
    for (; i <= classes - LENGTH; i += LENGTH) {
      store(load(x, row + i).mul(factor), x, row + i);
    }
    if (i < classes) {
      VectorMask<Float> tail = Lanes.first(classes - i);
      store(load(x, row + i, tail).mul(factor), x, row + i, tail);
    }
  }

  private static void add(MemorySegment x, long row, int classes, float summand) {
    int i = 0;
    for (; i <= classes - LENGTH; i += LENGTH) {
      store(load(x, row + i).add(summand), x, row + i);
    }
    if (i < classes) {
      VectorMask<Float> tail = Lanes.first(classes - i);
      store(load(x, row + i, tail).add(summand), x, row + i, tail);
    }
  }
}
