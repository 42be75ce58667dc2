package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.add;
import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Recurrent layers, formula by formula: one sequence after the other, since they do not know each
/// other.
final class ScalarRecurrent implements RecurrentKernels {
  private final Parallel parallel;

  ScalarRecurrent(Parallel parallel) {
    this.parallel = parallel;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Override
  public void forward(Layer layer) {
    parallel.forRange(
        layer.batch(),
        1,
        (from, to) -> {
          for (int sequence = from; sequence < to; sequence++) {
            for (int step = 0; step < layer.steps(); step++) {
              forward(new Place(layer, step, sequence));
            }
          }
        });
  }

  /// One step of one sequence.
  private record Place(Layer layer, int step, int sequence) {
    int width() {
      return layer.width();
    }

    /// The first element of this step in an array of `width` numbers a step.
    long at(int width) {
      return ((long) step * layer.batch() + sequence) * width;
    }

    long gates() {
      return at(layer.cell().gates() * width());
    }

    double before(MemorySegment first, MemorySegment later, int unit) {
      return step == 0
          ? get(first, (long) sequence * width() + unit)
          : get(later, new Place(layer, step - 1, sequence).at(width()) + unit);
    }

    /// h before this step.
    double hiddenBefore(int unit) {
      return before(layer.firstHidden(), layer.hidden(), unit);
    }

    /// c before this step.
    double cellBefore(int unit) {
      return before(layer.firstCell(), layer.extra(), unit);
    }

    /// A row of W times h.
    double product(int row) {
      MemorySegment state = step == 0 ? layer.firstHidden() : layer.hidden();
      long from =
          step == 0 ? (long) sequence * width() : new Place(layer, step - 1, sequence).at(width());
      return ScalarMatmul.dot(layer.weight(), (long) row * width(), state, from, width());
    }
  }

  private static void forward(Place place) {
    Layer layer = place.layer;
    int width = layer.width();
    MemorySegment gates = layer.gates();
    long x = place.gates();
    long h = place.at(width);
    for (int u = 0; u < width; u++) {
      switch (layer.cell()) {
        case RNN_TANH ->
            set(layer.hidden(), h + u, Math.tanh(get(gates, x + u) + place.product(u)));
        case RNN_RELU ->
            set(layer.hidden(), h + u, Math.max(get(gates, x + u) + place.product(u), 0));
        case LSTM -> {
          double i = sigmoid(get(gates, x + u) + place.product(u));
          double f = sigmoid(get(gates, x + width + u) + place.product(width + u));
          double g = Math.tanh(get(gates, x + 2L * width + u) + place.product(2 * width + u));
          double o = sigmoid(get(gates, x + 3L * width + u) + place.product(3 * width + u));
          double c = f * place.cellBefore(u) + i * g;
          setGates(gates, x + u, width, i, f, g, o);
          set(layer.extra(), h + u, c);
          set(layer.hidden(), h + u, o * Math.tanh(c));
        }
        case GRU -> {
          double r = sigmoid(get(gates, x + u) + place.product(u));
          double z = sigmoid(get(gates, x + width + u) + place.product(width + u));
          double inner = place.product(2 * width + u) + get(layer.hiddenBias(), u);
          double n = Math.tanh(get(gates, x + 2L * width + u) + r * inner);
          setGates(gates, x + u, width, r, z, n);
          set(layer.extra(), h + u, inner);
          set(layer.hidden(), h + u, (1 - z) * n + z * place.hiddenBefore(u));
        }
      }
    }
  }

  private static void setGates(MemorySegment gates, long at, int width, double... values) {
    for (int gate = 0; gate < values.length; gate++) {
      set(gates, at + (long) gate * width, values[gate]);
    }
  }

  @Override
  public void backward(
      Layer layer, MemorySegment dHidden, MemorySegment dFirstHidden, MemorySegment dFirstCell) {
    parallel.forRange(
        layer.batch(),
        1,
        (from, to) -> {
          for (int sequence = from; sequence < to; sequence++) {
            backward(layer, sequence, dHidden, dFirstHidden, dFirstCell);
          }
        });
  }

  private static void backward(
      Layer layer,
      int sequence,
      MemorySegment dHidden,
      MemorySegment dFirstHidden,
      MemorySegment dFirstCell) {
    int width = layer.width();
    // What a step hands to the one before it: by c, by h past the products, and the gradients of
    // the products.
    double[] dCell = new double[width];
    double[] dDirect = new double[width];
    double[] dProducts = new double[layer.cell().gates() * width];
    for (int step = layer.steps() - 1; step >= 0; step--) {
      Place place = new Place(layer, step, sequence);
      long h = place.at(width);
      if (layer.endsPiece(step)) {
        Arrays.fill(dCell, 0);
        Arrays.fill(dDirect, 0);
        Arrays.fill(dProducts, 0);
      }
      for (int u = 0; u < width; u++) {
        add(dHidden, h + u, dDirect[u] + product(layer, dProducts, u));
      }
      for (int u = 0; u < width; u++) {
        backward(place, u, get(dHidden, h + u), dCell, dDirect, dProducts);
      }
    }
    long first = (long) sequence * width;
    for (int u = 0; u < width; u++) {
      add(dFirstHidden, first + u, dDirect[u] + product(layer, dProducts, u));
      if (layer.cell().hasCell()) {
        add(dFirstCell, first + u, dCell[u]);
      }
    }
  }

  /// A column of W times the gradients of the products.
  private static double product(Layer layer, double[] dProducts, int unit) {
    double sum = 0;
    for (int row = 0; row < dProducts.length; row++) {
      sum += dProducts[row] * get(layer.weight(), (long) row * layer.width() + unit);
    }
    return sum;
  }

  private static void backward(
      Place place, int u, double dh, double[] dCell, double[] dDirect, double[] dProducts) {
    Layer layer = place.layer;
    int width = layer.width();
    MemorySegment gates = layer.gates();
    long x = place.gates() + u;
    long at = place.at(width) + u;
    switch (layer.cell()) {
      case RNN_TANH -> {
        double h = get(layer.hidden(), at);
        dProducts[u] = dh * (1 - h * h);
        set(gates, x, dProducts[u]);
      }
      case RNN_RELU -> {
        dProducts[u] = get(layer.hidden(), at) > 0 ? dh : 0;
        set(gates, x, dProducts[u]);
      }
      case LSTM -> {
        double i = get(gates, x);
        double f = get(gates, x + width);
        double g = get(gates, x + 2L * width);
        double o = get(gates, x + 3L * width);
        double t = Math.tanh(get(layer.extra(), at));
        double dc = dCell[u] + dh * o * (1 - t * t);
        dProducts[u] = dc * g * i * (1 - i);
        dProducts[width + u] = dc * place.cellBefore(u) * f * (1 - f);
        dProducts[2 * width + u] = dc * i * (1 - g * g);
        dProducts[3 * width + u] = dh * t * o * (1 - o);
        dCell[u] = dc * f;
        for (int gate = 0; gate < 4; gate++) {
          set(gates, x + (long) gate * width, dProducts[gate * width + u]);
        }
        set(layer.extra(), at, dc);
      }
      case GRU -> {
        double r = get(gates, x);
        double z = get(gates, x + width);
        double n = get(gates, x + 2L * width);
        double dn = dh * (1 - z) * (1 - n * n);
        dProducts[u] = dn * get(layer.extra(), at) * r * (1 - r);
        dProducts[width + u] = dh * (place.hiddenBefore(u) - n) * z * (1 - z);
        dProducts[2 * width + u] = dn * r;
        dDirect[u] = dh * z;
        setGates(gates, x, width, dProducts[u], dProducts[width + u], dn);
        set(layer.extra(), at, dProducts[2 * width + u]);
      }
    }
  }
}
