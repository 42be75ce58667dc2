package dev.lungo.kernel.machine;

/// Moves rows of floats to and from where kernels of attention want them. Belongs to one thread.
final class PanelMoves {
  private final Arguments arguments = new Arguments();

  /// Transposes 32 rows into a panel, and multiplies them by the float at `factor`.
  void pack(long rows, long rowBytes, long panel, long factor, int headDim) {
    transpose(rows, rowBytes, panel, factor, headDim).call(Code.PACK);
  }

  /// Transposes a panel into 32 rows, and multiplies each by one of the floats at `factors`.
  void unpack(long panel, long factors, long rows, long rowBytes, int headDim) {
    transpose(rows, rowBytes, panel, factors, headDim).call(Code.UNPACK);
  }

  private Arguments transpose(long rows, long rowBytes, long panel, long factors, int headDim) {
    return arguments
        .set(TranspositionCode.ROWS, rows)
        .set(TranspositionCode.ROW_BYTES, rowBytes)
        .set(TranspositionCode.PANEL, panel)
        .set(TranspositionCode.FACTORS, factors)
        .set(TranspositionCode.BLOCKS, headDim / 16);
  }

  /// Copies rows to where they follow each other.
  void copy(long rows, long rowBytes, long to, int count, int headDim) {
    copying(rows, rowBytes, to, count, headDim).call(Code.COPY);
  }

  /// Adds rows that follow each other to others.
  void add(long from, long rows, long rowBytes, int count, int headDim) {
    copying(rows, rowBytes, from, count, headDim).call(Code.ADD);
  }

  private Arguments copying(long rows, long rowBytes, long together, int count, int headDim) {
    return arguments
        .set(RowCopyCode.ROWS, rows)
        .set(RowCopyCode.ROW_BYTES, rowBytes)
        .set(RowCopyCode.TOGETHER, together)
        .set(RowCopyCode.COUNT, count)
        .set(RowCopyCode.BLOCKS, headDim / 16);
  }

  /// Leaves the dot products of `count` pairs of rows, both `rowBytes` apart.
  void dots(long first, long second, long rowBytes, long to, int count, int headDim) {
    arguments
        .set(RowDotCode.FIRST, first)
        .set(RowDotCode.SECOND, second)
        .set(RowDotCode.ROW_BYTES, rowBytes)
        .set(RowDotCode.DOTS, to)
        .set(RowDotCode.COUNT, count)
        .set(RowDotCode.BLOCKS, headDim / 16)
        .call(Code.DOTS);
  }

  /// Written when it is first used.
  private static final class Code {
    static final MachineFunction PACK = MachineFunction.of(TranspositionCode.pack());
    static final MachineFunction UNPACK = MachineFunction.of(TranspositionCode.unpack());
    static final MachineFunction COPY = MachineFunction.of(RowCopyCode.copy());
    static final MachineFunction ADD = MachineFunction.of(RowCopyCode.addBack());
    static final MachineFunction DOTS = MachineFunction.of(RowDotCode.code());
  }
}
