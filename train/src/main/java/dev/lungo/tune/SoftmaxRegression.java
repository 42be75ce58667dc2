package dev.lungo.tune;

import dev.lungo.kernel.Kernels;
import dev.lungo.nn.Parameters;
import dev.lungo.op.CrossEntropy;
import dev.lungo.op.Pass;
import dev.lungo.optim.AdamW;
import dev.lungo.optim.Schedule;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.function.IntConsumer;

/// Multinomial logistic regression: p = softmax(W·x) of vectors that do not change. The head of a
/// frozen model is learned so, and the baseline.
final class SoftmaxRegression {
  private static final int BATCH = 32;

  /// Keeps directions that few texts support from growing.
  private static final double WEIGHT_DECAY = 0.01;

  private SoftmaxRegression() {}

  /// Learns the only matrix of `weights`, (K, D), from vectors and their classes.
  ///
  /// @param progress hears after each epoch how many are done
  static void fit(
      Kernels kernels,
      Parameters weights,
      float[][] vectors,
      int[] classes,
      int epochs,
      double rate,
      long seed,
      IntConsumer progress) {
    Tensor weight = weights.all().getFirst().tensor();
    int width = weight.shape().width();
    long steps = (long) epochs * ((vectors.length + BATCH - 1) / BATCH);
    Schedule schedule = new Schedule(0, steps / 4, steps, 0, Schedule.Decay.LINEAR);
    try (Workspace workspace = new Workspace("softmax regression");
        AdamW optimizer =
            new AdamW(kernels)
                .add(weights.all(), new AdamW.Settings(rate, 0.9, 0.999, 1e-8, WEIGHT_DECAY))) {
      long step = 0;
      for (int epoch = 0; epoch < epochs; epoch++) {
        int[] order = shuffled(vectors.length, RandomNumbers.mix(seed + epoch));
        for (int from = 0; from < order.length; from += BATCH) {
          int count = Math.min(BATCH, order.length - from);
          float[] rows = new float[count * width];
          int[] targets = new int[count];
          for (int i = 0; i < count; i++) {
            System.arraycopy(vectors[order[from + i]], 0, rows, i * width, width);
            targets[i] = classes[order[from + i]];
          }
          workspace.reset();
          weights.zeroGradients();
          Pass pass = Pass.training(kernels, workspace);
          Tensor x = workspace.allocate(count, width).set(rows);
          Tensor target = workspace.allocate(Shape.of(count), DType.INT32).set(targets);
          pass.backward(CrossEntropy.linearCrossEntropy(pass, x, weight, target).mean());
          step++;
          optimizer.step(step, 1, schedule.factor(step));
        }
        progress.accept(epoch + 1);
      }
    }
  }

  /// Returns 0 to before `count` in random order.
  static int[] shuffled(int count, long seed) {
    int[] order = new int[count];
    RandomNumbers random = new RandomNumbers(seed);
    for (int i = 0; i < count; i++) {
      int j = (int) (random.nextDouble() * (i + 1));
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /// Returns the probabilities of row `row` of logits, (…, K).
  static float[] softmax(float[] logits, int row, int classes) {
    int from = row * classes;
    double most = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < classes; k++) {
      most = Math.max(most, logits[from + k]);
    }
    double sum = 0;
    for (int k = 0; k < classes; k++) {
      sum += StrictMath.exp(logits[from + k] - most);
    }
    float[] probabilities = new float[classes];
    for (int k = 0; k < classes; k++) {
      probabilities[k] = (float) (StrictMath.exp(logits[from + k] - most) / sum);
    }
    return probabilities;
  }
}
