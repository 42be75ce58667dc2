package dev.lungo.kernel.machine;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Moves rows of floats to and from where kernels of attention want them. Belongs to one thread.
final class PanelMoves {
  /// @param vectors of a panel's row
  private record Form(VectorUnit unit, int vectors) {}

  private static final Map<Form, Code> CODE = new ConcurrentHashMap<>();

  private final Arguments arguments = new Arguments();
  private final int lanes;
  private final Code code;

  /// Written when it is first used.
  private record Code(
      MachineFunction pack,
      MachineFunction unpack,
      MachineFunction copy,
      MachineFunction add,
      MachineFunction dots) {
    static Code of(Form form) {
      VectorUnit unit = form.unit;
      return new Code(
          MachineFunction.of(TranspositionCode.pack(unit, form.vectors)),
          MachineFunction.of(TranspositionCode.unpack(unit, form.vectors)),
          MachineFunction.of(RowCopyCode.copy(unit)),
          MachineFunction.of(RowCopyCode.addBack(unit)),
          MachineFunction.of(RowDotCode.code(unit)));
    }
  }

  /// For panels whose rows have two vectors.
  PanelMoves(VectorUnit unit) {
    this(unit, 2);
  }

  PanelMoves(VectorUnit unit, int vectors) {
    lanes = unit.lanes();
    code = CODE.computeIfAbsent(new Form(unit, vectors), Code::of);
  }

  /// Transposes rows into a panel, and multiplies them by the float at `factor`.
  void pack(long rows, long rowBytes, long panel, long factor, int headDim) {
    transpose(rows, rowBytes, panel, factor, headDim).call(code.pack);
  }

  /// Transposes a panel into rows, and multiplies each by one of the floats at `factors`.
  void unpack(long panel, long factors, long rows, long rowBytes, int headDim) {
    transpose(rows, rowBytes, panel, factors, headDim).call(code.unpack);
  }

  private Arguments transpose(long rows, long rowBytes, long panel, long factors, int headDim) {
    return arguments
        .set(TranspositionCode.ROWS, rows)
        .set(TranspositionCode.ROW_BYTES, rowBytes)
        .set(TranspositionCode.PANEL, panel)
        .set(TranspositionCode.FACTORS, factors)
        .set(TranspositionCode.BLOCKS, headDim / lanes);
  }

  /// Copies rows to where they follow each other.
  void copy(long rows, long rowBytes, long to, int count, int headDim) {
    copying(rows, rowBytes, to, count, headDim).call(code.copy);
  }

  /// Adds rows that follow each other to others.
  void add(long from, long rows, long rowBytes, int count, int headDim) {
    copying(rows, rowBytes, from, count, headDim).call(code.add);
  }

  private Arguments copying(long rows, long rowBytes, long together, int count, int headDim) {
    return arguments
        .set(RowCopyCode.ROWS, rows)
        .set(RowCopyCode.ROW_BYTES, rowBytes)
        .set(RowCopyCode.TOGETHER, together)
        .set(RowCopyCode.COUNT, count)
        .set(RowCopyCode.BLOCKS, headDim / lanes);
  }

  /// Leaves the dot products of `count` pairs of rows.
  void dots(
      long first, long firstBytes, long second, long secondBytes, long to, int count, int headDim) {
    arguments
        .set(RowDotCode.FIRST, first)
        .set(RowDotCode.SECOND, second)
        .set(RowDotCode.FIRST_BYTES, firstBytes)
        .set(RowDotCode.SECOND_BYTES, secondBytes)
        .set(RowDotCode.DOTS, to)
        .set(RowDotCode.COUNT, count)
        .set(RowDotCode.BLOCKS, headDim / lanes)
        .call(code.dots);
  }
}
