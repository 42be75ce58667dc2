package dev.lungo.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.kernel.RecurrentKernels.Layer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The formulas are checked by the operation's cases; here all implementations are held to the
/// plain one, over sizes that fill blocks, leave some over, and take few rows or many.
final class RecurrentKernelsTest extends KernelContract {
  static Stream<Arguments> layers() {
    return Stream.of(Cell.values())
        .flatMap(cell ->
            Stream.of(
                    new int[] {1, 1, 1, 1},
                    new int[] {3, 2, 7, 3},
                    new int[] {5, 3, 32, 2},
                    new int[] {2, 16, 33, 1},
                    new int[] {9, 4, 96, 4},
                    new int[] {3, 5, 270, Integer.MAX_VALUE})
                .map(sizes -> Arguments.of(cell, sizes)));
  }

  @ParameterizedTest
  @MethodSource("layers")
  void everyImplementationComputesTheSameLayer(Cell cell, int[] sizes) {
    Inputs in = new Inputs(cell, sizes[0], sizes[1], sizes[2], sizes[3]);
    List<float[]> start = in.start();
    List<float[]> plain = copies(start);
    try (Kernels scalar = new ScalarKernels(1)) {
      MemorySegment[] out = plain.stream().map(this::memory).toArray(MemorySegment[]::new);
      in.run(scalar, out);
      List<double[]> expected = new ArrayList<>();
      for (MemorySegment result : out) {
        expected.add(doubles(result.toArray(JAVA_FLOAT_UNALIGNED)));
      }
      check(in::run, 2e-5, start, expected);
    }
  }

  private static List<float[]> copies(List<float[]> arrays) {
    return arrays.stream().map(float[]::clone).toList();
  }

  /// A layer's inputs; outputs are gates, extra, hidden, and the gradients of hidden, of the first
  /// h and of the first c.
  private final class Inputs {
    private final Cell cell;
    private final int steps;
    private final int batch;
    private final int width;
    private final int truncation;
    private final MemorySegment weight;
    private final MemorySegment bias;
    private final MemorySegment firstHidden;
    private final MemorySegment firstCell;

    Inputs(Cell cell, int steps, int batch, int width, int truncation) {
      this.cell = cell;
      this.steps = steps;
      this.batch = batch;
      this.width = width;
      this.truncation = truncation;
      float[] values = normal(cell.gates() * width * width);
      for (int i = 0; i < values.length; i++) {
        values[i] /= (float) Math.sqrt(width);
      }
      weight = memory(values);
      bias = memory(normal(width));
      firstHidden = memory(normal(batch * width));
      firstCell = memory(normal(batch * width));
    }

    List<float[]> start() {
      int states = steps * batch * width;
      return List.of(
          normal(cell.gates() * states),
          normal(states),
          normal(states),
          normal(states),
          normal(batch * width),
          normal(batch * width));
    }

    void run(Kernels kernels, MemorySegment[] out) {
      Layer layer =
          new Layer(
              cell,
              steps,
              batch,
              width,
              truncation,
              weight,
              bias,
              firstHidden,
              firstCell,
              out[0],
              out[1],
              out[2]);
      kernels.recurrent().forward(layer);
      kernels.recurrent().backward(layer, out[3], out[4], out[5]);
    }
  }
}
