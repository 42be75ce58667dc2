package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;

/// Recurrent layers over whole sequences: what is left of a layer when the product of its inputs
/// has been computed for all time steps at once.
///
/// Sequences are time-major: all rows of the first step, then all rows of the second, as PyTorch
/// has them by default. Gates lie side by side in a row, in PyTorch's order.
public interface RecurrentKernels {
  /// What a layer computes from its input x and its state h. W stands for the recurrent weight, and
  /// the products of the input and the biases are in x.
  enum Cell {
    /// h' = tanh(x + W·h) (Elman 1990).
    RNN_TANH(1),
    /// h' = max(x + W·h, 0) (Le et al. 2015, arXiv:1504.00941).
    RNN_RELU(1),
    /// i, f, o = σ(x + W·h), g = tanh(x + W·h), c' = f·c + i·g, h' = o·tanh(c') (Hochreiter and
    /// Schmidhuber 1997; forget gate: Gers et al. 2000). The order is i, f, g, o.
    LSTM(4),
    /// r, z = σ(x + W·h), n = tanh(x + r·(W·h + b)), h' = (1 - z)·n + z·h (Cho et al. 2014,
    /// arXiv:1406.1078, with the reset after the product, as PyTorch has it). The order is r, z, n.
    GRU(3);

    private final int gates;

    Cell(int gates) {
      this.gates = gates;
    }

    /// Returns how many vectors of the state's width a step computes by products.
    public int gates() {
      return gates;
    }

    /// Returns whether there is a second state vector, c.
    public boolean hasCell() {
      return this == LSTM;
    }

    /// Returns whether a step keeps a vector besides its gates and h: c of an LSTM, and of a GRU
    /// what r multiplies.
    public boolean hasExtra() {
      return this == LSTM || this == GRU;
    }
  }

  /// The sizes and the memory of one layer.
  ///
  /// @param steps T
  /// @param batch B sequences
  /// @param width H of the state
  /// @param truncation gradients do not pass from a step whose number is a multiple of it to the
  ///   step before
  /// @param weight W, (gates·H, H)
  /// @param hiddenBias b of a GRU, (H); otherwise unused
  /// @param firstHidden h before the first step, (B, H)
  /// @param firstCell c before the first step, (B, H); otherwise unused
  /// @param gates (T, B, gates·H): the input's products before, the gates' values after
  /// @param extra (T, B, H): see [Cell#hasExtra]; otherwise unused
  /// @param hidden (T, B, H): h after each step
  record Layer(
      Cell cell,
      int steps,
      int batch,
      int width,
      int truncation,
      MemorySegment weight,
      MemorySegment hiddenBias,
      MemorySegment firstHidden,
      MemorySegment firstCell,
      MemorySegment gates,
      MemorySegment extra,
      MemorySegment hidden) {
    /// Returns whether no gradient comes to `step` from the step after it.
    public boolean endsPiece(int step) {
      return step == steps - 1 || (step + 1) % truncation == 0;
    }
  }

  /// Runs all steps: overwrites `gates`, `extra` and `hidden`.
  void forward(Layer layer);

  /// Goes back through time and leaves gradients where the values were, which nobody needs any
  /// more:
  /// - in `gates` those of the input's products;
  /// - in `extra` those of c (LSTM), and of what r multiplies (GRU);
  /// - in `dHidden` what it had, the gradients that come from above, and what comes from later
  ///   steps: the whole derivative by each h.
  ///
  /// @param dHidden (T, B, H)
  /// @param dFirstHidden (B, H): adds the gradient of `firstHidden`
  /// @param dFirstCell (B, H): adds the gradient of `firstCell`; otherwise unused
  void backward(
      Layer layer, MemorySegment dHidden, MemorySegment dFirstHidden, MemorySegment dFirstCell);
}
