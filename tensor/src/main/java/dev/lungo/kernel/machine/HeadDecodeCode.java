package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VCMPPS;
import static dev.lungo.kernel.machine.Instruction.VFMADD231PS;
import static dev.lungo.kernel.machine.Instruction.VMAXPS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMOVSS_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VPXORD;
import static dev.lungo.kernel.machine.Instruction.VSUBPS;
import static dev.lungo.kernel.machine.Register.R10;
import static dev.lungo.kernel.machine.Register.R11;
import static dev.lungo.kernel.machine.Register.R8;
import static dev.lungo.kernel.machine.Register.R9;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RDI;
import static dev.lungo.kernel.machine.Register.RDX;
import static dev.lungo.kernel.machine.Register.RSI;

/// The step of attention of one query whose heads have keys and values of their own, or share them
/// with a few: head by head, whose numbers lie across the lanes, meets 16 keys at once.
///
/// Scores and references are as in [ForwardCode].
final class HeadDecodeCode {
  // Arguments, by their place.
  static final int NUMBERS = 0;
  static final int KEYS = 1;

  /// How far the values lie behind the keys, in bytes.
  static final int VALUES_AFTER = 2;

  /// Groups of 16 keys that follow each other.
  static final int GROUPS = 3;

  /// Heads of keys and values that lie side by side, and how many heads of the query read each.
  static final int KV_HEADS = 4;

  static final int SHARING = 5;

  /// What lies between the last of these heads and the first in the next 16 keys, in bytes.
  static final int SKIPPED = 6;

  /// The heads of the query, a record each: the query, what the weighted values come to, 16 sums,
  /// the reference.
  static final int RECORDS = 7;

  /// Which of 16 keys are seen, a bit each.
  static final int SEEN = 8;

  /// Room for 16 weights.
  static final int WEIGHTS = 9;

  /// As in [ForwardCode].
  static final int LIMITS = 10;

  /// Keys that are met at once.
  static final int KEY_ROWS = 16;

  static final int VECTOR = 64;

  private static final int GREATER = 14;
  private static final int EVEN_QUARTERS = 0b10_00_10_00;
  private static final int ODD_QUARTERS = 0b11_01_11_01;

  // Mask registers.
  private static final int FAR = 1;
  private static final int SEES = 2;

  // Vector registers: 16 sums, and
  private static final int X = 0;
  private static final int OTHER = 16;
  private static final int SPARE = 17;
  private static final int REFERENCE = 19;
  private static final int UNSEEN = 20;
  private static final int SLACK = 21;
  private static final int CONSTANTS = 22;

  private final Assembler a = new Assembler();
  private final int headDim;
  private final int vectors;
  private final int outputs;
  private final int rowBytes;
  private final boolean sequential;

  private HeadDecodeCode(int headDim, int rowBytes, boolean sequential) {
    this.headDim = headDim;
    this.vectors = headDim * Float.BYTES / VECTOR;
    this.outputs = vectors * VECTOR;
    this.rowBytes = rowBytes;
    this.sequential = sequential;
  }

  /// Returns where in a record the sums are, and where the reference is.
  static int sums(int headDim) {
    return 2 * headDim * Float.BYTES;
  }

  static int reference(int headDim) {
    return sums(headDim) + VECTOR;
  }

  /// Returns the bytes of a record.
  static int recordBytes(int headDim) {
    return reference(headDim) + VECTOR;
  }

  /// @param rowBytes what lies between two keys, and between two values
  /// @param sequential whether no other heads' keys and values lie between these
  static byte[] of(int headDim, int rowBytes, boolean sequential) {
    HeadDecodeCode code = new HeadDecodeCode(headDim, rowBytes, sequential);
    code.write();
    return code.a.code();
  }

  private static Address argument(int place) {
    return at(RDI, place * Long.BYTES);
  }

  private void write() {
    Assembler.Label group = new Assembler.Label();
    Assembler.Label kvHead = new Assembler.Label();
    Assembler.Label head = new Assembler.Label();
    Assembler.Label last = new Assembler.Label();
    a.load(RAX, argument(NUMBERS));
    PowerOfTwo.prepare(a, CONSTANTS, RAX);
    a.load(RAX, argument(LIMITS));
    a.zmm(VPBROADCASTD, SLACK, at(RAX, 0));
    a.zmm(VPBROADCASTD, UNSEEN, at(RAX, Float.BYTES));
    a.loadMask(SEES, argument(SEEN), false);
    a.load(RAX, argument(WEIGHTS));
    a.load(R8, argument(KEYS));
    a.load(R9, argument(VALUES_AFTER));
    a.load(RDX, argument(GROUPS));
    if (sequential) {
      a.lea(RSI, at(R8, KEY_ROWS * rowBytes));
    }
    a.label(group);
    a.load(R10, argument(RECORDS));
    a.load(R11, argument(KV_HEADS));
    a.label(kvHead);
    meet(true);
    a.load(RCX, argument(SHARING));
    a.label(head);
    a.subtract(RCX, 1);
    a.jumpIfZero(last);
    meet(false);
    a.jump(head);
    a.label(last);
    a.add(R8, vectors * VECTOR);
    a.subtract(R11, 1);
    a.jumpIfPositive(kvHead);
    a.load(RCX, argument(SKIPPED));
    a.add(R8, RCX);
    a.subtract(RDX, 1);
    a.jumpIfPositive(group);
    a.returnToCaller();
  }

  /// Lets one head meet 16 keys.
  ///
  /// @param fetches whether it fetches what comes next
  private void meet(boolean fetches) {
    score(fetches);
    weigh();
    mix(fetches);
    a.add(R10, recordBytes(headDim));
    if (fetches && sequential) {
      a.add(RSI, KEY_ROWS * vectors * VECTOR);
    }
  }

  /// Leaves the scores of 16 keys in X.
  private void score(boolean fetches) {
    for (int vector = 0; vector < vectors; vector++) {
      a.zmm(VMOVDQU32, OTHER, at(R10, vector * VECTOR));
      for (int row = 0; row < KEY_ROWS; row++) {
        Address key = at(R8, row * rowBytes + vector * VECTOR);
        if (fetches) {
          a.prefetch(
              sequential
                  ? at(RSI, (vector * KEY_ROWS + row) * VECTOR)
                  : key.plus(KEY_ROWS * rowBytes));
        }
        a.zmm(vector == 0 ? VMULPS : VFMADD231PS, row, OTHER, key);
      }
    }
    addLanes();
  }

  /// Turns 16 registers into one of the sums of each one's lanes, in their order.
  private void addLanes() {
    // Of neighbours, the sums of lanes two apart; of pairs, those of each quarter; and so on.
    for (int row = 0; row < KEY_ROWS; row += 2) {
      addInterleaved(Instruction.VPUNPCKLDQ, Instruction.VPUNPCKHDQ, row, row + 1);
    }
    for (int row = 0; row < KEY_ROWS; row += 4) {
      addInterleaved(Instruction.VPUNPCKLQDQ, Instruction.VPUNPCKHQDQ, row, row + 2);
    }
    for (int distance = 4; distance < KEY_ROWS; distance *= 2) {
      for (int row = 0; row < KEY_ROWS; row += 2 * distance) {
        addQuarters(row, row + distance);
      }
    }
  }

  private void addInterleaved(Instruction low, Instruction high, int first, int second) {
    a.zmm(low, OTHER, first, second);
    a.zmm(high, first, first, second);
    a.zmm(VADDPS, first, first, OTHER);
  }

  private void addQuarters(int first, int second) {
    a.zmmBy(Instruction.VSHUFI32X4, OTHER, first, second, EVEN_QUARTERS);
    a.zmmBy(Instruction.VSHUFI32X4, first, first, second, ODD_QUARTERS);
    a.zmm(VADDPS, first, first, OTHER);
  }

  /// Turns scores into weights, after the reference has moved where it must.
  private void weigh() {
    Assembler.Label near = new Assembler.Label();
    a.zmm(VMOVDQU32, OTHER, UNSEEN);
    a.zmmMasked(VMOVDQU32, SEES, OTHER, 0, X);
    a.zmm(VMOVDQU32, X, OTHER);
    a.zmm(VPBROADCASTD, REFERENCE, at(R10, reference(headDim)));
    a.zmm(VADDPS, SPARE, REFERENCE, SLACK);
    a.zmmBy(VCMPPS, FAR, X, SPARE, GREATER);
    a.testMasks(FAR, FAR);
    a.jumpIfZero(near);
    moveReference();
    a.label(near);
    a.zmm(VSUBPS, X, X, REFERENCE);
    PowerOfTwo.write(a, X, CONSTANTS, SPARE);
    a.zmm(VMOVDQU32_STORE, X, at(RAX, 0));
    a.zmm(VADDPS, X, X, at(R10, sums(headDim)));
    a.zmm(VMOVDQU32_STORE, X, at(R10, sums(headDim)));
  }

  /// Makes the largest score the reference.
  private void moveReference() {
    int factor = 1;
    a.zmm(VMOVDQU32, OTHER, X);
    LaneExchange.write(a, VMAXPS, OTHER, SPARE);
    a.zmm(VSUBPS, factor, REFERENCE, OTHER);
    a.zmm(VMOVDQU32, REFERENCE, OTHER);
    a.zmm(VMOVSS_STORE, REFERENCE, at(R10, reference(headDim)));
    PowerOfTwo.write(a, factor, CONSTANTS, SPARE);
    // Outputs, and the sums after them.
    for (int at = outputs; at <= sums(headDim); at += VECTOR) {
      a.zmm(VMULPS, SPARE, factor, at(R10, at));
      a.zmm(VMOVDQU32_STORE, SPARE, at(R10, at));
    }
  }

  /// Adds the weighted values, eight vectors of each at once.
  private void mix(boolean fetches) {
    int most = 8;
    for (int from = 0; from < vectors; from += most) {
      int count = Math.min(most, vectors - from);
      // Two sums for each, so that no addition waits for the one before it.
      for (int i = 0; i < count; i++) {
        a.zmm(VMOVDQU32, i, at(R10, outputs + (from + i) * VECTOR));
        a.zmm(VPXORD, count + i, count + i, count + i);
      }
      for (int row = 0; row < KEY_ROWS; row++) {
        a.zmm(VPBROADCASTD, OTHER, at(RAX, row * Float.BYTES));
        for (int i = 0; i < count; i++) {
          Address value = at(R8, R9, 1, row * rowBytes + (from + i) * VECTOR);
          if (fetches) {
            a.prefetch(
                sequential
                    ? at(RSI, R9, 1, (from * KEY_ROWS + row * count + i) * VECTOR)
                    : value.plus(KEY_ROWS * rowBytes));
          }
          a.zmm(VFMADD231PS, row % 2 * count + i, OTHER, value);
        }
      }
      for (int i = 0; i < count; i++) {
        a.zmm(VADDPS, i, i, count + i);
        a.zmm(VMOVDQU32_STORE, i, at(R10, outputs + (from + i) * VECTOR));
      }
    }
  }
}
