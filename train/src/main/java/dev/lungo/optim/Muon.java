package dev.lungo.optim;

import dev.lungo.kernel.ElementwiseKernels;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.MatmulKernels;
import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.nn.Parameter;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"): the
/// momentum of a weight matrix is replaced by the nearest matrix whose singular values are all
/// about 1, so that every direction is learned at one pace.
///
/// The nearest such matrix comes from a Newton–Schulz iteration, X ← aX + b(XXᵀ)X + c(XXᵀ)²X, which
/// only multiplies.
public final class Muon implements Optimizer {
  /// How matrices are trained.
  ///
  /// @param rate the learning rate at its highest
  /// @param momentum the share of the old momentum kept at each step
  /// @param weightDecay the share of the weights, times the rate, that is taken off at each step
  /// @param iterations of Newton–Schulz
  public record Settings(double rate, double momentum, double weightDecay, int iterations) {
    public Settings {
      if (!(rate >= 0)
          || !(momentum >= 0 && momentum < 1)
          || !(weightDecay >= 0)
          || iterations < 1) {
        throw new IllegalArgumentException(
            "muon: rate "
                + rate
                + " and decay "
                + weightDecay
                + " must not be negative, momentum "
                + momentum
                + " must be in [0, 1), iterations "
                + iterations
                + " at least 1");
      }
    }
  }

  /// The polynomial that lifts small singular values fastest while large ones stay between 0.7 and
  /// 1.2.
  private static final float A = 3.4445f;

  private static final float B = -4.7750f;
  private static final float C = 2.0315f;

  private final ElementwiseKernels elementwise;
  private final MatmulKernels matmul;
  private final Settings settings;
  private final Workspace momenta = new Workspace("muon momenta");
  private final Workspace scratch = new Workspace("muon scratch");
  private final List<Parameter> parameters = new ArrayList<>();
  private final List<Tensor> momentum = new ArrayList<>();

  public Muon(Kernels kernels, List<Parameter> matrices, Settings settings) {
    this.elementwise = kernels.elementwise();
    this.matmul = kernels.matmul();
    this.settings = settings;
    for (Parameter parameter : matrices) {
      Shape shape = parameter.tensor().shape();
      if (shape.rank() != 2) {
        throw new IllegalArgumentException(
            "muon: " + parameter.name() + " " + shape + " is no matrix; train it with AdamW");
      }
      parameters.add(parameter);
      momentum.add(momenta.zeros(shape));
    }
  }

  @Override
  public void step(long step, float gradientScale, double rateFactor) {
    float rate = (float) (settings.rate * rateFactor);
    float kept = (float) settings.momentum;
    for (int i = 0; i < parameters.size(); i++) {
      Tensor weight = parameters.get(i).tensor();
      Tensor gradient = weight.gradient().orElseThrow();
      Tensor velocity = momentum.get(i);
      long count = weight.elements();
      elementwise.scaleAndAdd(
          velocity.data(), kept, gradient.data(), (1 - kept) * gradientScale, count);
      scratch.reset();
      // Nesterov: look ahead along the momentum that the next step will keep.
      Tensor update = scratch.allocate(weight.shape(), weight.type()).copyFrom(gradient);
      elementwise.scaleAndAdd(
          update.data(), (1 - kept) * gradientScale, velocity.data(), kept, count);
      update = orthogonalize(update);
      int rows = weight.shape().dimension(0);
      int columns = weight.shape().dimension(1);
      float scale = (float) Math.sqrt(Math.max(1.0, (double) rows / columns));
      float shrink = 1 - rate * (float) settings.weightDecay;
      elementwise.scaleAndAdd(weight.data(), shrink, update.data(), -rate * scale, count);
    }
  }

  /// Brings the singular values of a matrix near 1.
  private Tensor orthogonalize(Tensor matrix) {
    int rows = matrix.shape().dimension(0);
    int columns = matrix.shape().dimension(1);
    boolean wide = rows <= columns;
    int small = Math.min(rows, columns);
    long count = matrix.elements();
    Tensor x = matrix;
    Tensor next = scratch.allocate(rows, columns);
    Tensor gram = scratch.allocate(small, small);
    Tensor polynomial = scratch.allocate(small, small);
    double norm = Math.sqrt(elementwise.sumOfSquares(x.data(), count));
    elementwise.scale(x.data(), (float) (1 / (norm + 1e-7)), count);
    for (int i = 0; i < settings.iterations; i++) {
      if (wide) {
        matmul.multiply(Form.NT, small, small, columns, x.data(), x.data(), gram.data(), false);
      } else {
        matmul.multiply(Form.TN, small, small, rows, x.data(), x.data(), gram.data(), false);
      }
      // The Gram matrix is symmetric, so that its product with its transpose is its square.
      matmul.multiply(
          Form.NT, small, small, small, gram.data(), gram.data(), polynomial.data(), false);
      elementwise.scaleAndAdd(polynomial.data(), C, gram.data(), B, polynomial.elements());
      if (wide) {
        matmul.multiply(
            Form.NN, rows, columns, small, polynomial.data(), x.data(), next.data(), false);
      } else {
        matmul.multiply(
            Form.NN, rows, columns, small, x.data(), polynomial.data(), next.data(), false);
      }
      elementwise.scaleAndAdd(next.data(), 1, x.data(), A, count);
      Tensor swap = x;
      x = next;
      next = swap;
    }
    return x;
  }

  @Override
  public Map<String, Tensor> state() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    for (int i = 0; i < parameters.size(); i++) {
      state.put("muon.momentum." + parameters.get(i).name(), momentum.get(i));
    }
    return state;
  }

  @Override
  public void close() {
    momenta.close();
    scratch.close();
  }
}
