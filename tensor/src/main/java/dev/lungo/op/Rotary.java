package dev.lungo.op;

import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;

/// Rotary position embedding (RoPE, arXiv:2104.09864): each pair of a head's elements is turned by
/// an angle proportional to the position, so that q·k depends on the distance of the two positions
/// only.
public final class Rotary {
  private Rotary() {}

  /// The cosines and sines of every position and pair.
  ///
  /// @param cosine (positions, pairs)
  /// @param sine (positions, pairs)
  public record Table(RotaryLayout layout, Tensor cosine, Tensor sine) {
    /// Returns how many positions there are.
    public int positions() {
      return cosine.shape().dimension(0);
    }
  }

  /// Computes the table for angles position · base^(-2i/D).
  public static Table table(
      Workspace workspace, RotaryLayout layout, int positions, int headDim, double base) {
    if (headDim % 2 != 0) {
      throw new IllegalArgumentException(
          "rotary: the head dimension must be even, but is " + headDim);
    }
    double[] frequencies = new double[headDim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = StrictMath.pow(base, -2.0 * i / headDim);
    }
    return table(workspace, layout, positions, frequencies, 1);
  }

  /// Computes the table for angles position · frequency.
  ///
  /// @param frequencies of each pair; where they are fewer than D/2, the elements of a head behind
  ///   these pairs are not turned
  /// @param factor what queries and keys are multiplied by while they are turned, usually 1
  public static Table table(
      Workspace workspace,
      RotaryLayout layout,
      int positions,
      double[] frequencies,
      double factor) {
    int pairs = frequencies.length;
    int numbers = Math.multiplyExact(positions, pairs);
    float[] cosine = new float[numbers];
    float[] sine = new float[numbers];
    for (int position = 0; position < positions; position++) {
      for (int i = 0; i < pairs; i++) {
        double angle = position * frequencies[i];
        cosine[position * pairs + i] = (float) (factor * StrictMath.cos(angle));
        sine[position * pairs + i] = (float) (factor * StrictMath.sin(angle));
      }
    }
    return new Table(
        layout,
        workspace.allocate(positions, pairs).set(cosine),
        workspace.allocate(positions, pairs).set(sine));
  }

  /// Turns every head of every row by its position: start, start + 1, … within each sequence.
  ///
  /// @param x (B, T, H, D)
  /// @return (B, T, H, D)
  public static Tensor rotary(Pass pass, Tensor x, Table table, int start) {
    if (x.shape().rank() != 4 || x.shape().width() < 2 * table.cosine().shape().width()) {
      throw new IllegalArgumentException(
          "rotary: x "
              + x.shape()
              + " must be (B, T, H, D) with D at least twice the table's width, table "
              + table.cosine().shape());
    }
    int length = x.shape().dimension(1);
    if (start < 0 || start + length > table.positions()) {
      throw new IllegalArgumentException(
          "rotary: positions "
              + start
              + " to "
              + (start + length - 1)
              + " are outside the context of "
              + table.positions());
    }
    Tensor out = pass.allocate(x.shape());
    turn(pass, x, out, table, start, false, false);
    if (pass.records() && x.requiresGradient()) {
      pass.record(new Saved(x, table, start, out));
    }
    return out;
  }

  private static void turn(
      Pass pass,
      Tensor from,
      Tensor to,
      Table table,
      int start,
      boolean inverse,
      boolean accumulate) {
    int length = from.shape().dimension(1);
    pass.kernels()
        .position()
        .rotate(
            table.layout(),
            from.data(),
            to.data(),
            table.cosine().data(),
            table.sine().data(),
            from.shape().dimension(0) * length,
            length,
            start,
            from.shape().dimension(2),
            from.shape().width(),
            2 * table.cosine().shape().width(),
            inverse,
            accumulate);
  }

  private record Saved(Tensor x, Table table, int start, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      Tensor present = x.gradient().orElse(null);
      Tensor dx = present == null ? pass.gradientToOverwrite(x) : present;
      turn(pass, dOut, dx, table, start, true, present != null);
    }
  }

  /// The formula, for x (B, T, H, D) whose heads are turned whole.
  static double[] reference(
      double[] x, RotaryLayout layout, int length, int heads, int headDim, double base, int start) {
    double[] out = new double[x.length];
    int pairs = headDim / 2;
    for (int row = 0; row < x.length / headDim; row++) {
      int position = start + row / heads % length;
      for (int i = 0; i < pairs; i++) {
        double angle = position * Math.pow(base, -2.0 * i / headDim);
        int first = row * headDim + (layout == RotaryLayout.INTERLEAVED ? 2 * i : i);
        int second = layout == RotaryLayout.INTERLEAVED ? first + 1 : first + pairs;
        out[first] = x[first] * Math.cos(angle) - x[second] * Math.sin(angle);
        out[second] = x[first] * Math.sin(angle) + x[second] * Math.cos(angle);
      }
    }
    return out;
  }
}
