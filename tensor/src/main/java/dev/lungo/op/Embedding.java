package dev.lungo.op;

import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Embedding: each id becomes its row of a table.
public final class Embedding {
  private Embedding() {}

  /// Looks rows up.
  ///
  /// @param ids (B, T), int32, each in [0, V)
  /// @param table (V, C)
  /// @return (B, T, C)
  /// @throws IllegalArgumentException if an id is not in the table
  public static Tensor embedding(Pass pass, Tensor ids, Tensor table) {
    int entries = table.shape().dimension(0);
    int width = table.shape().width();
    int rows = Math.toIntExact(ids.elements());
    checkIds(ids, entries);
    Tensor out =
        pass.allocate(
            ids.shape().rank() == 2
                ? Shape.of(ids.shape().dimension(0), ids.shape().dimension(1), width)
                : Shape.of(rows, width));
    if (table.type().format().isPresent()) {
      pass.kernels()
          .blockMatmul()
          .gather(table.type().format().get(), ids.data(), table.data(), out.data(), rows, width);
    } else {
      pass.kernels().embedding().gather(ids.data(), table.data(), out.data(), rows, width);
    }
    if (pass.records() && table.requiresGradient()) {
      pass.record(new Saved(ids, table, out));
    }
    return out;
  }

  private record Saved(Tensor ids, Tensor table, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      pass.kernels()
          .embedding()
          .gatherBackward(
              ids.data(),
              dOut.data(),
              pass.gradient(table).data(),
              Math.toIntExact(ids.elements()),
              table.shape().width());
    }
  }

  private static void checkIds(Tensor ids, int entries) {
    if (ids.type() != DType.INT32) {
      throw new IllegalArgumentException("embedding: ids must be int32, but are " + ids.type());
    }
    MemorySegment data = ids.data();
    for (long i = 0; i < ids.elements(); i++) {
      int id = data.getAtIndex(ValueLayout.JAVA_INT, i);
      if (id < 0 || id >= entries) {
        throw new IllegalArgumentException(
            "embedding: id "
                + id
                + " at index "
                + i
                + " is outside the table of "
                + entries
                + " entries");
      }
    }
  }

  /// The formula: out[n] = table[ids[n]].
  static double[] reference(int[] ids, double[] table, int width) {
    double[] out = new double[ids.length * width];
    for (int n = 0; n < ids.length; n++) {
      System.arraycopy(table, ids[n] * width, out, n * width, width);
    }
    return out;
  }
}
