package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Register.R10;
import static dev.lungo.kernel.machine.Register.R11;
import static dev.lungo.kernel.machine.Register.R8;
import static dev.lungo.kernel.machine.Register.R9;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RDI;

/// Copies rows that lie apart to where they follow each other, or adds such to those.
final class RowCopyCode {
  // Arguments, by their place.

  /// Rows that lie apart, and the bytes between two.
  static final int ROWS = 0;

  static final int ROW_BYTES = 1;
  static final int TOGETHER = 2;
  static final int COUNT = 3;

  /// Floats of a row / lanes.
  static final int BLOCKS = 4;

  private RowCopyCode() {}

  static byte[] copy(VectorUnit unit) {
    return code(unit, false);
  }

  static byte[] addBack(VectorUnit unit) {
    return code(unit, true);
  }

  private static byte[] code(VectorUnit unit, boolean add) {
    Assembler a = new Assembler(unit);
    a.load(R9, at(RDI, ROWS * Long.BYTES));
    a.load(R8, at(RDI, ROW_BYTES * Long.BYTES));
    a.load(R10, at(RDI, TOGETHER * Long.BYTES));
    a.load(R11, at(RDI, COUNT * Long.BYTES));
    Assembler.Label row = new Assembler.Label();
    Assembler.Label block = new Assembler.Label();
    a.label(row);
    a.move(RAX, R9);
    a.load(RCX, at(RDI, BLOCKS * Long.BYTES));
    a.label(block);
    if (add) {
      a.vector(VMOVDQU32, 0, at(R10, 0));
      a.vector(VADDPS, 0, 0, at(RAX, 0));
      a.vector(VMOVDQU32_STORE, 0, at(RAX, 0));
    } else {
      a.vector(VMOVDQU32, 0, at(RAX, 0));
      a.vector(VMOVDQU32_STORE, 0, at(R10, 0));
    }
    a.add(RAX, unit.bytes());
    a.add(R10, unit.bytes());
    a.subtract(RCX, 1);
    a.jumpIfPositive(block);
    a.add(R9, R8);
    a.subtract(R11, 1);
    a.jumpIfPositive(row);
    a.returnToCaller();
    return a.code();
  }
}
