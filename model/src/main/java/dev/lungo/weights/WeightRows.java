package dev.lungo.weights;

import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.nn.Parameter;
import dev.lungo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntUnaryOperator;

/// The rows of a parameter on their way to a file, in the file's order. A vector is one row.
///
/// @param count how many rows there are
/// @param width numbers in a row
/// @param reader reads row `row` into the start of `target`
record WeightRows(int count, int width, Reader reader) {
  /// Reads one row.
  @FunctionalInterface
  interface Reader {
    void read(int row, float[] target);
  }

  /// Returns the rows as the model has them.
  static WeightRows of(Tensor tensor) {
    return of(tensor, IntUnaryOperator.identity());
  }

  /// Returns the rows for a file whose rotary pairs lie as in `layout`.
  static WeightRows of(Parameter parameter, ModelConfig config, RotaryLayout layout) {
    boolean turned =
        parameter.name().contains(".self_attn.q_proj.")
            || parameter.name().contains(".self_attn.k_proj.");
    if (!turned || !(config instanceof LlamaConfig llama) || llama.rotaryLayout() == layout) {
      return of(parameter.tensor());
    }
    int dim = llama.headDim();
    int rotaryDim = llama.rotaryDim();
    return of(
        parameter.tensor(),
        row -> {
          int element = row % dim;
          return element < rotaryDim ? row - element + before(element, rotaryDim, layout) : row;
        });
  }

  /// Elements 2j and 2j + 1 of a head were j and j + turned/2, or the other way round.
  private static int before(int element, int turned, RotaryLayout layout) {
    int half = turned / 2;
    return switch (layout) {
      case INTERLEAVED -> element / 2 + element % 2 * half;
      case HALVES -> element % half * 2 + element / half;
    };
  }

  /// Returns the rows with something added to every number.
  WeightRows plus(float added) {
    return new WeightRows(
        count,
        width,
        (row, target) -> {
          reader.read(row, target);
          for (int i = 0; i < width; i++) {
            target[i] += added;
          }
        });
  }

  private static WeightRows of(Tensor tensor, IntUnaryOperator order) {
    int width = tensor.shape().width();
    int count = Math.toIntExact(tensor.elements() / width);
    MemorySegment data = tensor.data();
    long rowBytes = tensor.type().bytes(width);
    if (tensor.type().format().isEmpty()) {
      return new WeightRows(
          count,
          width,
          (row, target) ->
              MemorySegment.copy(
                  data,
                  ValueLayout.JAVA_FLOAT_UNALIGNED,
                  rowBytes * order.applyAsInt(row),
                  target,
                  0,
                  width));
    }
    return new WeightRows(
        count,
        width,
        (row, target) ->
            tensor
                .type()
                .format()
                .orElseThrow()
                .decode(data, rowBytes * order.applyAsInt(row), target, 0, width));
  }

  /// Returns the columns as rows. The whole matrix is in memory then.
  WeightRows transposed() {
    float[] all = new float[Math.multiplyExact(count, width)];
    float[] line = new float[width];
    for (int row = 0; row < count; row++) {
      reader.read(row, line);
      for (int column = 0; column < width; column++) {
        all[column * count + row] = line[column];
      }
    }
    return new WeightRows(
        width, count, (row, target) -> System.arraycopy(all, row * count, target, 0, count));
  }
}
