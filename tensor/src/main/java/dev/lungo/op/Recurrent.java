package dev.lungo.op;

import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.kernel.RecurrentKernels.Layer;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/// A recurrent layer over whole sequences, with back-propagation through time (Werbos 1990).
///
/// The input's products are one matrix product for all time steps; only what depends on the state
/// goes step by step. PyTorch's conventions hold: sequences are time-major, gates are in the order
/// i, f, g, o (LSTM) and r, z, n (GRU), and r multiplies the product of W and h, its bias included.
/// PyTorch adds two biases everywhere; where only their sum matters there is one here.
public final class Recurrent {
  private Recurrent() {}

  /// What a layer learns.
  ///
  /// @param input (gates·H, C)
  /// @param hidden (gates·H, H)
  /// @param bias (gates·H): the sum of PyTorch's two, but for n of a GRU the input's
  /// @param hiddenBias (H): the bias within what r multiplies, for a GRU
  public record Weights(Tensor input, Tensor hidden, Tensor bias, Optional<Tensor> hiddenBias) {}

  /// What a layer knows between two steps.
  ///
  /// @param hidden h, (B, H)
  /// @param cell c of an LSTM, (B, H)
  public record State(Tensor hidden, Optional<Tensor> cell) {}

  /// What a layer computed.
  ///
  /// @param hidden h after each step, (T, B, H). After the backward pass its gradient is the whole
  ///   derivative of the loss by each h, through all later steps
  /// @param cell c of an LSTM after each step, (T, B, H); the backward pass leaves the derivative
  ///   by each c in its place
  public record States(Tensor hidden, Optional<Tensor> cell) {
    /// Returns the state after the last step, to go on from. Gradients do not come back from it:
    /// that truncates back-propagation through time.
    public State last() {
      return new State(last(hidden), cell.map(States::last));
    }

    private static Tensor last(Tensor states) {
      Shape shape = states.shape();
      int steps = shape.dimension(0);
      return states.rows(steps - 1, steps).view(shape.dimension(1), shape.dimension(2));
    }
  }

  /// Runs a layer, with gradients that go back to the first step.
  ///
  /// @param x (T, B, C)
  /// @param first the state to begin with; zeros if there is none
  public static States recurrent(
      Pass pass, Cell cell, Tensor x, Weights weights, Optional<State> first) {
    return recurrent(pass, cell, x, weights, first, Integer.MAX_VALUE);
  }

  /// Runs a layer.
  ///
  /// @param x (T, B, C)
  /// @param first the state to begin with; zeros if there is none
  /// @param truncation the state goes on through all steps, but gradients only back to the last
  ///   multiple of so many (truncated back-propagation through time, Williams and Peng 1990)
  public static States recurrent(
      Pass pass, Cell cell, Tensor x, Weights weights, Optional<State> first, int truncation) {
    check(cell, x, weights, first);
    int steps = x.shape().dimension(0);
    int batch = x.shape().dimension(1);
    int width = weights.hidden.shape().width();
    Tensor gates = Linear.linear(pass, x, weights.input, weights.bias);
    Tensor firstHidden = first.map(State::hidden).orElseGet(() -> zeros(pass, batch, width));
    // Arguments that a cell has no use for are any memory.
    Tensor firstCell =
        cell.hasCell()
            ? first.flatMap(State::cell).orElseGet(() -> zeros(pass, batch, width))
            : firstHidden;
    Tensor hidden = pass.allocate(steps, batch, width);
    Tensor extra = cell.hasExtra() ? pass.allocate(steps, batch, width) : hidden;
    Saved saved =
        new Saved(
            cell,
            truncation,
            gates,
            weights.hidden,
            weights.hiddenBias,
            firstHidden,
            firstCell,
            first.isPresent(),
            extra,
            hidden);
    pass.kernels().recurrent().forward(saved.layer());
    if (pass.records()
        && (gates.requiresGradient()
            || weights.hidden.requiresGradient()
            || firstHidden.requiresGradient())) {
      pass.record(saved);
    }
    return new States(hidden, cell.hasCell() ? Optional.of(extra) : Optional.empty());
  }

  private static Tensor zeros(Pass pass, int batch, int width) {
    return pass.workspace().zeros(Shape.of(batch, width));
  }

  private static void check(Cell cell, Tensor x, Weights weights, Optional<State> first) {
    Shape hidden = weights.hidden.shape();
    int width = hidden.width();
    int rows = cell.gates() * width;
    boolean fits =
        x.shape().rank() == 3
            && hidden.equals(Shape.of(rows, width))
            && weights.input.shape().dimension(0) == rows
            && weights.bias.elements() == rows
            && weights.hiddenBias.isPresent() == (cell == Cell.GRU)
            && weights.hiddenBias.map(bias -> bias.elements() == width).orElse(true);
    if (!fits) {
      throw new IllegalArgumentException(
          "recurrent: x "
              + x.shape()
              + " must be (T, B, C), and the weights of "
              + cell
              + " ("
              + cell.gates()
              + "·H, C), ("
              + cell.gates()
              + "·H, H) and as many biases, but are "
              + weights.input.shape()
              + ", "
              + hidden
              + " and "
              + weights.bias.shape());
    }
    Shape state = Shape.of(x.shape().dimension(1), width);
    if (first.isPresent()
        && !(first.get().hidden.shape().equals(state)
            && first.get().cell.isPresent() == cell.hasCell()
            && first.get().cell.map(c -> c.shape().equals(state)).orElse(true))) {
      throw new IllegalArgumentException(
          "recurrent: the first state of " + cell + " must be " + state + ", for h and for c");
    }
  }

  /// What the backward pass needs. `gates` is the memory of the input's products, of the gates
  /// after the forward pass, and of the products' gradients after the backward pass.
  private record Saved(
      Cell cell,
      int truncation,
      Tensor gates,
      Tensor weight,
      Optional<Tensor> hiddenBias,
      Tensor firstHidden,
      Tensor firstCell,
      boolean hasFirst,
      Tensor extra,
      Tensor output)
      implements Tape.Step {
    int steps() {
      return output.shape().dimension(0);
    }

    int batch() {
      return output.shape().dimension(1);
    }

    int width() {
      return output.shape().width();
    }

    Layer layer() {
      return new Layer(
          cell,
          steps(),
          batch(),
          width(),
          truncation,
          weight.data(),
          hiddenBias.map(Tensor::data).orElse(output.data()),
          firstHidden.data(),
          firstCell.data(),
          gates.data(),
          extra.data(),
          output.data());
    }

    @Override
    public void backward(Pass pass, Tensor dOut) {
      Tensor dHidden = firstGradient(pass, firstHidden);
      Tensor dCell = cell.hasCell() ? firstGradient(pass, firstCell) : dHidden;
      pass.kernels().recurrent().backward(layer(), dOut.data(), dHidden.data(), dCell.data());
      if (gates.requiresGradient()) {
        gates.setGradient(gates);
      }
      if (weight.requiresGradient()) {
        Tensor dWeight = pass.gradient(weight);
        int inGates = cell == Cell.GRU ? 2 : cell.gates();
        int stride = cell.gates() * width();
        addWeightGradient(pass, inGates * width(), gates.data(), stride, dWeight.data(), 0);
        if (cell == Cell.GRU) {
          long third = (long) inGates * width() * width();
          addWeightGradient(pass, width(), extra.data(), width(), dWeight.data(), third);
        }
      }
      if (hiddenBias.isPresent() && hiddenBias.get().requiresGradient()) {
        pass.kernels()
            .elementwise()
            .addSumOfRows(
                extra.data(), pass.gradient(hiddenBias.get()).data(), steps() * batch(), width());
      }
    }

    private static Tensor firstGradient(Pass pass, Tensor first) {
      return first.requiresGradient()
          ? pass.gradient(first)
          : pass.workspace().zeros(first.shape());
    }

    /// Adds the products of what came to each step's products and the state before that step.
    ///
    /// @param rows of the weight
    /// @param from their gradients, (T, B, stride)
    private void addWeightGradient(
        Pass pass, int rows, MemorySegment from, int stride, MemorySegment dWeight, long at) {
      var matmul = pass.kernels().matmul();
      int width = width();
      if (steps() > 1) {
        matmul.multiply(
            Form.TN,
            rows,
            width,
            (steps() - 1) * batch(),
            from,
            (long) batch() * stride,
            stride,
            output.data(),
            0,
            width,
            dWeight,
            at,
            width,
            true);
      }
      if (hasFirst) {
        matmul.multiply(
            Form.TN,
            rows,
            width,
            batch(),
            from,
            0,
            stride,
            firstHidden.data(),
            0,
            width,
            dWeight,
            at,
            width,
            true);
      }
    }
  }

  /// The formulas, step by step.
  ///
  /// @param in x, the input's weight, W, bias, and for a GRU the bias within the reset; then, or
  ///   not, h and c before the first step
  static double[] reference(Cell cell, int steps, int batch, int width, double[]... in) {
    int rows = cell.gates() * width;
    double[] x = Linear.reference(in[0], in[1], in[3], in[1].length / rows);
    int states = cell == Cell.GRU ? 5 : 4;
    double[] h = in.length > states ? in[states].clone() : new double[batch * width];
    double[] c = in.length > states + 1 ? in[states + 1].clone() : new double[batch * width];
    double[] out = new double[steps * batch * width];
    for (int t = 0; t < steps; t++) {
      double[] w = Linear.reference(h, in[2], new double[0], width);
      double[] next = new double[h.length];
      for (int b = 0; b < batch; b++) {
        for (int u = 0; u < width; u++) {
          int s = b * width + u;
          double[] px = gates(x, ((t * batch) + b) * rows + u, cell.gates(), width);
          double[] pw = gates(w, b * rows + u, cell.gates(), width);
          switch (cell) {
            case RNN_TANH -> next[s] = Math.tanh(px[0] + pw[0]);
            case RNN_RELU -> next[s] = Math.max(px[0] + pw[0], 0);
            case LSTM -> {
              double i = sigmoid(px[0] + pw[0]);
              double f = sigmoid(px[1] + pw[1]);
              c[s] = f * c[s] + i * Math.tanh(px[2] + pw[2]);
              next[s] = sigmoid(px[3] + pw[3]) * Math.tanh(c[s]);
            }
            case GRU -> {
              double r = sigmoid(px[0] + pw[0]);
              double z = sigmoid(px[1] + pw[1]);
              double n = Math.tanh(px[2] + r * (pw[2] + in[4][u]));
              next[s] = (1 - z) * n + z * h[s];
            }
          }
        }
      }
      h = next;
      System.arraycopy(h, 0, out, t * h.length, h.length);
    }
    return out;
  }

  private static double[] gates(double[] values, int from, int count, int width) {
    double[] gates = new double[count];
    Arrays.setAll(gates, gate -> values[from + gate * width]);
    return gates;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }
}
