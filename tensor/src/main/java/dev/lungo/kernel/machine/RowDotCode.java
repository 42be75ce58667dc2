package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VFMADD231PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVSS_STORE;
import static dev.lungo.kernel.machine.Instruction.VPXORD;
import static dev.lungo.kernel.machine.Register.R10;
import static dev.lungo.kernel.machine.Register.R11;
import static dev.lungo.kernel.machine.Register.R8;
import static dev.lungo.kernel.machine.Register.R9;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RDI;
import static dev.lungo.kernel.machine.Register.RDX;
import static dev.lungo.kernel.machine.Register.RSI;

/// Dot products of rows of floats with rows of others.
final class RowDotCode {
  // Arguments, by their place.
  static final int FIRST = 0;
  static final int SECOND = 1;

  /// What lies between two rows of the first, and of the second.
  static final int FIRST_BYTES = 2;

  static final int SECOND_BYTES = 3;
  static final int DOTS = 4;
  static final int COUNT = 5;

  /// Floats of a row / lanes.
  static final int BLOCKS = 6;

  private static final int SUM = 0;
  private static final int OTHER = 1;

  private RowDotCode() {}

  static byte[] code(VectorUnit unit) {
    Assembler a = new Assembler(unit);
    a.load(R8, at(RDI, FIRST * Long.BYTES));
    a.load(R9, at(RDI, SECOND * Long.BYTES));
    a.load(R10, at(RDI, DOTS * Long.BYTES));
    a.load(R11, at(RDI, COUNT * Long.BYTES));
    a.load(RDX, at(RDI, FIRST_BYTES * Long.BYTES));
    Assembler.Label row = new Assembler.Label();
    Assembler.Label block = new Assembler.Label();
    a.label(row);
    a.vector(VPXORD, SUM, SUM, SUM);
    a.move(RAX, R8);
    a.move(RSI, R9);
    a.load(RCX, at(RDI, BLOCKS * Long.BYTES));
    a.label(block);
    a.vector(VMOVDQU32, OTHER, at(RAX, 0));
    a.vector(VFMADD231PS, SUM, OTHER, at(RSI, 0));
    a.add(RAX, unit.bytes());
    a.add(RSI, unit.bytes());
    a.subtract(RCX, 1);
    a.jumpIfPositive(block);
    LaneExchange.write(a, VADDPS, SUM, OTHER);
    a.vector(VMOVSS_STORE, SUM, at(R10, 0));
    a.add(R10, Float.BYTES);
    a.add(R8, RDX);
    a.load(RCX, at(RDI, SECOND_BYTES * Long.BYTES));
    a.add(R9, RCX);
    a.subtract(R11, 1);
    a.jumpIfPositive(row);
    a.returnToCaller();
    return a.code();
  }
}
