package dev.lungo.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.kernel.RecurrentKernels.Layer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/// Runs every row-wise kernel once and folds all results into one number. Also the main program of
/// child machines.
final class KernelBits {
  private static final int ROWS = 5;
  private static final int WIDTH = 70;
  private static final int COUNT = ROWS * WIDTH;

  private final Arena arena;
  private final Random random = new Random(1);
  private long bits;

  private KernelBits(Arena arena) {
    this.arena = arena;
  }

  /// Prints which kernels a plain start chooses, and what they compute.
  public static void main(String[] arguments) {
    try (Kernels kernels = KernelChoice.open(2)) {
      System.out.println(kernels.description() + " " + Long.toHexString(of(kernels)));
    }
  }

  /// Runs the vector kernels even where [KernelChoice] advises against them.
  static final class Vector {
    public static void main(String[] arguments) throws ReflectiveOperationException {
      Class<?> vector = Class.forName("dev.lungo.kernel.vector.VectorKernels");
      try (Kernels kernels = (Kernels) vector.getMethod("open", int.class).invoke(null, 1)) {
        System.out.println(Long.toHexString(of(kernels)));
      }
    }
  }

  static long of(Kernels kernels) {
    try (Arena arena = Arena.ofShared()) {
      KernelBits run = new KernelBits(arena);
      run.activations(kernels);
      run.norms(kernels);
      run.losses(kernels);
      run.others(kernels);
      run.recurrent(kernels);
      return run.bits;
    }
  }

  private MemorySegment values(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return arena.allocateFrom(JAVA_FLOAT_UNALIGNED, values);
  }

  private void fold(MemorySegment... results) {
    for (MemorySegment result : results) {
      for (long i = 0; i < result.byteSize() / 4; i++) {
        bits = bits * 31 + result.getAtIndex(JAVA_INT_UNALIGNED, i);
      }
    }
  }

  private void activations(Kernels kernels) {
    MemorySegment x = values(COUNT);
    MemorySegment y = values(COUNT);
    MemorySegment out = values(COUNT);
    MemorySegment dx = values(COUNT);
    MemorySegment dy = values(COUNT);
    kernels.activation().swiGlu(x, y, out, COUNT);
    kernels.activation().swiGluBackward(out, x, y, dx, dy, COUNT);
    fold(out, dx, dy);
    kernels.activation().geluTanh(x, out, COUNT);
    kernels.activation().geluTanhBackward(out, x, dx, COUNT);
    kernels.activation().geGlu(x, y, out, COUNT);
    kernels.activation().geGluBackward(out, x, y, dx, dy, COUNT);
    kernels.activation().softCap(x, out, COUNT, 2);
    kernels.activation().softCapBackward(y, out, dx, COUNT, 2);
    kernels.activation().relu(x, y, COUNT);
    kernels.activation().reluBackward(out, x, dy, COUNT);
    fold(out, dx, y, dy);
  }

  private void norms(Kernels kernels) {
    MemorySegment x = values(COUNT);
    MemorySegment weight = values(WIDTH);
    MemorySegment bias = values(WIDTH);
    MemorySegment out = values(COUNT);
    MemorySegment mean = values(ROWS);
    MemorySegment inverse = values(ROWS);
    MemorySegment dx = values(COUNT);
    MemorySegment dWeight = values(WIDTH);
    MemorySegment dBias = values(WIDTH);
    kernels.norm().rmsNorm(x, weight, out, inverse, ROWS, WIDTH, 1e-5f);
    kernels.norm().rmsNormBackward(out, x, weight, inverse, dx, dWeight, ROWS, WIDTH);
    fold(out, inverse, dx, dWeight);
    kernels.norm().layerNorm(x, weight, bias, out, mean, inverse, ROWS, WIDTH, 1e-5f);
    kernels
        .norm()
        .layerNormBackward(out, x, weight, mean, inverse, dx, dWeight, dBias, ROWS, WIDTH);
    fold(out, mean, inverse, dx, dWeight, dBias);
  }

  private void losses(Kernels kernels) {
    MemorySegment x = values(COUNT);
    MemorySegment targets =
        arena.allocateFrom(JAVA_INT_UNALIGNED, 3, LossKernels.IGNORED, 0, 69, 12);
    MemorySegment losses = values(ROWS);
    kernels.loss().crossEntropy(x, targets, losses, ROWS, WIDTH);
    fold(losses);
    kernels.loss().crossEntropyWithGradient(x, targets, 0, losses, 0, ROWS, WIDTH, 0.2f, 0.1f);
    fold(x, losses);
    kernels.loss().softmax(x, ROWS, WIDTH);
    fold(x);
  }

  private void recurrent(Kernels kernels) {
    for (Cell cell : Cell.values()) {
      MemorySegment weight = values(cell.gates() * WIDTH * WIDTH);
      MemorySegment bias = values(WIDTH);
      MemorySegment first = values(COUNT);
      MemorySegment gates = values(4 * cell.gates() * COUNT);
      MemorySegment extra = values(4 * COUNT);
      MemorySegment hidden = values(4 * COUNT);
      Layer layer =
          new Layer(cell, 4, ROWS, WIDTH, 4, weight, bias, first, first, gates, extra, hidden);
      kernels.recurrent().forward(layer);
      MemorySegment dHidden = values(4 * COUNT);
      MemorySegment dFirst = values(COUNT);
      MemorySegment dCell = values(COUNT);
      kernels.recurrent().backward(layer, dHidden, dFirst, dCell);
      fold(gates, extra, hidden, dHidden, dFirst, dCell);
    }
  }

  private void others(Kernels kernels) {
    MemorySegment x = values(COUNT);
    MemorySegment y = values(COUNT);
    MemorySegment z = values(COUNT);
    MemorySegment v = values(COUNT);
    kernels.activation().relu(v, v, COUNT);
    MemorySegment row = values(WIDTH);
    for (RotaryLayout layout : RotaryLayout.values()) {
      kernels.position().rotate(layout, x, y, z, v, ROWS, ROWS, 0, 1, WIDTH, WIDTH, false, true);
    }
    kernels.elementwise().scaleAndAdd(x, 0.3f, y, 0.7f, COUNT);
    kernels.elementwise().addSumOfRows(x, row, ROWS, WIDTH);
    kernels.elementwise().dropout(x, y, COUNT, 0.2f, 7, true);
    kernels.optimizer().adamW(x, y, z, v, COUNT, 1, 0.1f, 0.9f, 0.99f, 1e-8f, 0.1f, 2);
    fold(x, y, z, v, row);
    bits = bits * 31 + Double.doubleToRawLongBits(kernels.elementwise().sumOfSquares(x, COUNT));
  }
}
