package dev.lungo.op;

import dev.lungo.kernel.LossKernels;
import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The loss of next-token prediction, fused with the projection to the vocabulary: the (B·T, V)
/// logits exist only a block of rows at a time, and in training the gradients are taken while a
/// block is still in the cache.
public final class CrossEntropy {
  /// Rows of logits that exist at once: enough for the matrix product to be fast, few enough for a
  /// shared cache.
  private static final int BLOCK_ROWS = 256;

  private CrossEntropy() {}

  /// What a loss is made of.
  ///
  /// @param mean the mean of the counted losses, in nats: a single number
  /// @param perToken (B·T) the loss of each position, 0 where ignored
  public record Loss(Tensor mean, Tensor perToken) {}

  /// Computes the mean of -log softmax(x·Wᵀ)[target] over the targets that count.
  ///
  /// @param x (…, C)
  /// @param weight (V, C)
  /// @param targets as many int32 as x has rows, each in [0, V) or [LossKernels#IGNORED]
  public static Loss linearCrossEntropy(Pass pass, Tensor x, Tensor weight, Tensor targets) {
    return linearCrossEntropy(pass, x, weight, targets, Float.POSITIVE_INFINITY);
  }

  /// Computes the same of logits that are bounded smoothly, as [Activations#softCap] does.
  ///
  /// @param softCap infinite for logits as they are
  public static Loss linearCrossEntropy(
      Pass pass, Tensor x, Tensor weight, Tensor targets, float softCap) {
    return linearCrossEntropy(pass, x, weight, targets, softCap, 0);
  }

  /// Computes the same with label smoothing: the target is to be predicted with the probability 1 -
  /// ε + ε/V and every other id with ε/V (Szegedy et al. 2015, arXiv:1512.00567).
  ///
  /// @param smoothing ε, in [0, 1)
  public static Loss linearCrossEntropy(
      Pass pass, Tensor x, Tensor weight, Tensor targets, float softCap, float smoothing) {
    if (!(smoothing >= 0 && smoothing < 1)) {
      throw new IllegalArgumentException(
          "crossEntropy: label smoothing must be in [0, 1), but is " + smoothing);
    }
    int rows = x.shape().rows();
    int width = x.shape().width();
    int classes = weight.shape().dimension(0);
    if (weight.shape().width() != width) {
      throw new IllegalArgumentException(
          "crossEntropy: x "
              + x.shape()
              + " and weight "
              + weight.shape()
              + " differ in their last dimension");
    }
    int counted = checkTargets(targets, rows, classes);
    boolean training = pass.records() && (x.requiresGradient() || weight.requiresGradient());
    Tensor perToken = pass.allocate(rows);
    Tensor logits = pass.allocate(Math.min(BLOCK_ROWS, rows), classes);
    SoftCap cap = new SoftCap(pass, logits, softCap, training);
    Tensor dx = training ? pass.allocate(x.shape()) : x;
    boolean weightLearns = training && weight.requiresGradient();
    Tensor dWeight = weightLearns ? pass.allocate(weight.shape()) : weight;
    var matmul = pass.kernels().matmul();
    for (int from = 0; from < rows; from += BLOCK_ROWS) {
      int block = Math.min(BLOCK_ROWS, rows - from);
      long start = (long) from * width;
      matmul.multiply(
          Form.NT,
          block,
          classes,
          width,
          x.data(),
          start,
          width,
          weight.data(),
          0,
          width,
          logits.data(),
          0,
          classes,
          false);
      long inBlock = (long) block * classes;
      cap.bound(inBlock);
      float scale = training ? 1f / counted : 0;
      pass.kernels()
          .loss()
          .crossEntropyWithGradient(
              logits.data(),
              targets.data(),
              from,
              perToken.data(),
              from,
              block,
              classes,
              scale,
              smoothing);
      if (training) {
        cap.passBack(inBlock);
        matmul.multiply(
            Form.NN,
            block,
            width,
            classes,
            logits.data(),
            0,
            classes,
            weight.data(),
            0,
            width,
            dx.data(),
            start,
            width,
            false);
        if (weightLearns) {
          matmul.multiply(
              Form.TN,
              classes,
              width,
              block,
              logits.data(),
              0,
              classes,
              x.data(),
              start,
              width,
              dWeight.data(),
              0,
              width,
              from > 0);
        }
      }
    }
    Tensor mean = pass.allocate(Shape.of()).set((float) (sum(perToken) / counted));
    if (training) {
      pass.record(new Saved(x, weight, dx, dWeight, mean));
    }
    return new Loss(mean, perToken);
  }

  /// Bounds a block of logits, and takes the gradients that then lie in its place to those of the
  /// logits before.
  private static final class SoftCap {
    private final Pass pass;
    private final Tensor logits;
    private final float cap;
    private final Tensor bounded;
    private final Tensor gradients;

    SoftCap(Pass pass, Tensor logits, float cap, boolean training) {
      this.pass = pass;
      this.logits = logits;
      this.cap = cap;
      boolean saves = training && cap < Float.POSITIVE_INFINITY;
      bounded = saves ? pass.allocate(logits.shape()) : logits;
      gradients = saves ? pass.allocate(logits.shape()) : logits;
    }

    void bound(long count) {
      if (cap < Float.POSITIVE_INFINITY) {
        pass.kernels().activation().softCap(logits.data(), bounded.data(), count, cap);
        if (bounded != logits) {
          logits.copyFrom(bounded);
        }
      }
    }

    void passBack(long count) {
      if (cap < Float.POSITIVE_INFINITY) {
        gradients.data().fill((byte) 0);
        pass.kernels()
            .activation()
            .softCapBackward(logits.data(), bounded.data(), gradients.data(), count, cap);
        logits.copyFrom(gradients);
      }
    }
  }

  private record Saved(Tensor x, Tensor weight, Tensor dx, Tensor dWeight, Tensor output)
      implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      float factor = dOut.at(0);
      if (factor != 1) {
        pass.kernels().elementwise().scale(dx.data(), factor, dx.elements());
        if (weight.requiresGradient()) {
          pass.kernels().elementwise().scale(dWeight.data(), factor, dWeight.elements());
        }
      }
      if (x.requiresGradient()) {
        if (x.gradient().isEmpty()) {
          x.setGradient(dx);
        } else {
          pass.addToGradient(x, dx);
        }
      }
      if (weight.requiresGradient()) {
        pass.addToGradient(weight, dWeight);
      }
    }
  }

  private static int checkTargets(Tensor targets, int rows, int classes) {
    if (targets.elements() != rows) {
      throw new IllegalArgumentException(
          "crossEntropy: "
              + rows
              + " rows need as many targets, but there are "
              + targets.elements());
    }
    int counted = 0;
    MemorySegment data = targets.data();
    for (long i = 0; i < rows; i++) {
      int target = data.getAtIndex(ValueLayout.JAVA_INT, i);
      if (target != LossKernels.IGNORED) {
        if (target < 0 || target >= classes) {
          throw new IllegalArgumentException(
              "crossEntropy: target "
                  + target
                  + " at index "
                  + i
                  + " is outside the "
                  + classes
                  + " classes");
        }
        counted++;
      }
    }
    if (counted == 0) {
      throw new IllegalArgumentException(
          "crossEntropy: every target is ignored; at least one must count");
    }
    return counted;
  }

  private static double sum(Tensor values) {
    MemorySegment data = values.data();
    double sum = 0;
    for (long i = 0; i < values.elements(); i++) {
      sum += data.getAtIndex(ValueLayout.JAVA_FLOAT, i);
    }
    return sum;
  }

  /// The formula: the mean over n of log Σᵥ exp(x[n]·W[v]) - x[n]·W[target[n]], with bounded
  /// products; of the smoothed targets' share, the same with each W[v].
  static double[] reference(
      double[] x, double[] weight, int[] targets, int width, double softCap, double smoothing) {
    int classes = weight.length / width;
    double[] logits =
        Activations.softCapReference(Linear.reference(x, weight, new double[0], width), softCap);
    double total = 0;
    int counted = 0;
    for (int n = 0; n < targets.length; n++) {
      if (targets[n] != LossKernels.IGNORED) {
        double sum = 0;
        for (int v = 0; v < classes; v++) {
          sum += Math.exp(logits[n * classes + v]);
        }
        total += Math.log(sum) - (1 - smoothing) * logits[n * classes + targets[n]];
        for (int v = 0; v < classes; v++) {
          total -= smoothing / classes * logits[n * classes + v];
        }
        counted++;
      }
    }
    return new double[] {total / counted};
  }
}
