package dev.lungo.lab;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.RecurrentConfig;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/// How much a prediction depends on what a model held some steps before: the norm of the gradient
/// of the loss at the last position with respect to each earlier state.
///
/// The state of a recurrent model is what its first layer hands on, h and, for an LSTM, c. A
/// Transformer has none; what enters its residual stream at a position stands for it.
///
/// @param norms by distance from the last position, from 0
record TimeGradients(double[] norms) {
  private static final int BATCH = 16;

  /// Below, numbers of float32 lose their digits.
  private static final double SMALLEST = 1e-35;

  /// Measures a model.
  static TimeGradients of(Kernels kernels, LanguageModel model, RecallTask task) {
    int length = task.length();
    boolean recurrent = model.config() instanceof RecurrentConfig;
    List<Tensor> states = new ArrayList<>();
    List<Tensor> cells = new ArrayList<>();
    try (Workspace workspace = new Workspace("gradients in time")) {
      Tensor ids = workspace.allocate(Shape.of(BATCH, length), DType.INT32);
      Tensor targets = workspace.allocate(Shape.of(BATCH, length), DType.INT32);
      task.batches().fill(0, ids, targets);
      model.parameters().zeroGradients();
      Pass pass =
          Pass.observedTraining(
              kernels,
              workspace,
              (name, value) -> {
                if (name.equals("layers.0.h") || name.equals("model.embed_tokens")) {
                  states.add(value);
                } else if (name.equals("layers.0.c")) {
                  cells.add(value);
                }
              });
      pass.backward(model.loss(pass, ids, targets).mean());
      double[] squares = new double[length];
      addSquares(states.getFirst().gradient().orElseThrow(), recurrent, squares);
      if (!cells.isEmpty()) {
        // The backward pass has left the gradients by c where c was.
        addSquares(cells.getFirst(), true, squares);
      }
      double[] norms = new double[length];
      for (int distance = 0; distance < length; distance++) {
        norms[distance] = Math.sqrt(squares[length - 1 - distance]);
      }
      return new TimeGradients(norms);
    }
  }

  /// @param timeMajor whether the gradients are (T, B, C), not (B, T, C)
  private static void addSquares(Tensor gradients, boolean timeMajor, double[] squares) {
    float[] values = gradients.toFloats();
    int width = gradients.shape().width();
    for (int i = 0; i < values.length; i++) {
      int row = i / width;
      int step = timeMajor ? row / BATCH : row % squares.length;
      squares[step] += (double) values[i] * values[i];
    }
  }

  /// Returns the factor by which the norm changes with each step back, fitted from a distance on: a
  /// straight line through the logarithms.
  double rate(int from) {
    double n = 0;
    double x = 0;
    double y = 0;
    double xx = 0;
    double xy = 0;
    for (int distance = from; distance < norms.length; distance++) {
      if (norms[distance] > SMALLEST) {
        double logarithm = Math.log(norms[distance]);
        n++;
        x += distance;
        y += logarithm;
        xx += (double) distance * distance;
        xy += distance * logarithm;
      }
    }
    return n < 2 ? Double.NaN : Math.exp((n * xy - x * y) / (n * xx - x * x));
  }

  /// Returns the norms relative to that at the last position.
  double[] relative() {
    double[] relative = new double[norms.length];
    for (int i = 0; i < relative.length; i++) {
      relative[i] = norms[i] / norms[0];
    }
    return relative;
  }
}
