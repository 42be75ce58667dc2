package dev.lungo.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LossKernelsTest extends KernelContract {
  private static double[] softmax(float[] x, int rows, int classes) {
    double[] out = new double[x.length];
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        sum += Math.exp((double) x[r * classes + c]);
      }
      for (int c = 0; c < classes; c++) {
        out[r * classes + c] = Math.exp((double) x[r * classes + c]) / sum;
      }
    }
    return out;
  }

  private float[] logits(int count) {
    float[] logits = normal(count);
    for (int i = 0; i < count; i++) {
      logits[i] *= 6;
    }
    return logits;
  }

  @ParameterizedTest
  @CsvSource({"0,8", "1,1", "2,7", "3,8", "5,9", "70,33", "4,64", "3,257", "2,1031", "3,20003"})
  void softmaxRowsAreProbabilities(int rows, int classes) {
    float[] x = logits(rows * classes);
    check(
        (kernels, out) -> kernels.loss().softmax(out[0], rows, classes),
        1e-6,
        List.of(x),
        List.of(softmax(x, rows, classes)));
  }

  @ParameterizedTest
  @CsvSource({"1,1", "2,7", "5,9", "70,33", "3,257", "2,1031"})
  void smoothedLabelsAreTheTargetAndAShareOfEveryClass(int rows, int classes) {
    float[] logits = logits(rows * classes);
    double[] probabilities = softmax(logits, rows, classes);
    float scale = 0.5f;
    float smoothing = 0.1f;
    int[] targets = new int[rows];
    double[] losses = new double[rows];
    double[] gradient = new double[rows * classes];
    for (int r = 0; r < rows; r++) {
      targets[r] = random.nextInt(classes);
      for (int c = 0; c < classes; c++) {
        double wanted = smoothing / classes + (c == targets[r] ? 1 - smoothing : 0);
        double probability = probabilities[r * classes + c];
        losses[r] -= wanted * Math.log(probability);
        gradient[r * classes + c] = scale * (probability - wanted);
      }
    }
    MemorySegment targetsMemory = memory(targets);
    check(
        (kernels, out) ->
            kernels
                .loss()
                .crossEntropyWithGradient(
                    out[0], targetsMemory, 0, out[1], 0, rows, classes, scale, smoothing),
        2e-6,
        List.of(logits, normal(rows)),
        List.of(gradient, losses));
  }

  @ParameterizedTest
  @CsvSource({"0,8", "1,1", "2,7", "3,8", "5,9", "70,33", "4,64", "3,257", "2,1031", "3,20003"})
  void crossEntropyIsTheNegativeLogarithmOfTheTargetsProbability(int rows, int classes) {
    float[] logits = logits(rows * classes);
    double[] probabilities = softmax(logits, rows, classes);
    float scale = 0.125f;
    int skipped = 2;
    int[] targets = new int[rows + skipped];
    double[] losses = new double[rows];
    float[] guarded = normal(rows + skipped);
    double[] shiftedLosses = doubles(guarded);
    double[] gradient = new double[rows * classes];
    for (int r = 0; r < rows; r++) {
      int target = r % 4 == 3 ? LossKernels.IGNORED : random.nextInt(classes);
      targets[r + skipped] = target;
      if (target != LossKernels.IGNORED) {
        losses[r] = -Math.log(probabilities[r * classes + target]);
        for (int c = 0; c < classes; c++) {
          gradient[r * classes + c] =
              scale * (probabilities[r * classes + c] - (c == target ? 1 : 0));
        }
      }
      shiftedLosses[r + skipped] = losses[r];
    }
    MemorySegment logitsMemory = memory(logits);
    MemorySegment targetsMemory = memory(targets);
    MemorySegment fromFirst = targetsMemory.asSlice(4L * skipped);
    check(
        (kernels, out) ->
            kernels.loss().crossEntropy(logitsMemory, fromFirst, out[0], rows, classes),
        2e-6,
        List.of(normal(rows)),
        List.of(losses));
    check(
        (kernels, out) ->
            kernels
                .loss()
                .crossEntropyWithGradient(
                    out[0], targetsMemory, skipped, out[1], skipped, rows, classes, scale, 0),
        2e-6,
        List.of(logits, guarded),
        List.of(gradient, shiftedLosses));
  }

  @Test
  void largeLogitsDoNotOverflowAndMaskedOnesVanish() {
    float[] values = {
      1e30f, Float.NEGATIVE_INFINITY, 1e30f, -1e30f, 0, 3e38f, 3e38f, 1, 2, Float.NEGATIVE_INFINITY
    };
    double[] expected = new double[10];
    expected[5] = 0.5;
    expected[6] = 0.5;
    check(
        (kernels, out) -> kernels.loss().softmax(out[0], 1, 10),
        0,
        List.of(values),
        List.of(expected));
  }

  @Test
  void notANumberShowsInTheLoss() {
    float[] values = normal(35);
    values[33] = Float.NaN;
    try (Arena arena = Arena.ofShared()) {
      for (String name : KernelChoice.names()) {
        try (Kernels kernels = KernelChoice.open(name, 1)) {
          MemorySegment loss = arena.allocate(4, 4);
          kernels
              .loss()
              .crossEntropy(
                  arena.allocateFrom(JAVA_FLOAT_UNALIGNED, values),
                  arena.allocate(4, 4),
                  loss,
                  1,
                  35);
          assertThat(loss.getAtIndex(JAVA_FLOAT_UNALIGNED, 0)).as(name).isNaN();
        }
      }
    }
  }
}
