package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VFMADD231PS;
import static dev.lungo.kernel.machine.Instruction.VMAXPS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMOVSS_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPANDD;
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

import java.util.stream.IntStream;

/// The step of attention of one query whose heads have keys and values of their own, or share them
/// with a few: head by head, whose numbers lie across the lanes, meets as many keys at once as
/// there are lanes.
///
/// Scores and references are as in [ForwardCode].
final class HeadDecodeCode {
  // Arguments, by their place.
  static final int NUMBERS = 0;
  static final int KEYS = 1;

  /// How far the values lie behind the keys, in bytes.
  static final int VALUES_AFTER = 2;

  /// Groups of keys that follow each other, each as many as there are lanes.
  static final int GROUPS = 3;

  /// Heads of keys and values that lie side by side.
  static final int KV_HEADS = 4;

  /// What lies between the last of these heads and the first in the next group of keys, in bytes.
  static final int SKIPPED = 5;

  /// The heads of the query, a record each: the query, what the weighted values come to, a vector
  /// of sums, the reference, and where scores are biased the factor of distances ([AlibiRows]).
  static final int RECORDS = 6;

  /// Which keys of a group are seen, a bit each.
  static final int SEEN = 7;

  /// Room for a vector of weights, and [#DISTANCES] bytes on, where scores are biased, the
  /// distances from the query to a group's keys.
  static final int WEIGHTS = 8;

  /// As in [ForwardCode].
  static final int LIMITS = 9;

  private static final int LINE = 64;

  static final int DISTANCES = LINE;

  private static final int EVEN_QUARTERS = 0b10_00_10_00;
  private static final int ODD_QUARTERS = 0b11_01_11_01;

  private static final int LOWER_HALVES = 0x20;
  private static final int UPPER_HALVES = 0x31;

  private static final int X = 0;

  /// What the code is written for.
  ///
  /// @param rowBytes what lies between two keys, and between two values
  /// @param sharing heads of the query that read each head of keys and values
  /// @param sequential whether no other heads' keys and values lie between these
  record Form(
      VectorUnit unit,
      int headDim,
      int rowBytes,
      int sharing,
      boolean sequential,
      ScoreChange change) {}

  private final Assembler a;
  private final int keyRows;
  private final int vector;

  // Registers after those of the keys' sums.
  private final int other;
  private final int spare;
  private final int reference;
  private final int unseen;
  private final int slack;
  private final int constants;
  private final LaneMask far;
  private final LaneMask seen;

  private final int headDim;
  private final int vectors;
  private final int outputs;
  private final int rowBytes;
  private final int sharing;
  private final boolean sequential;
  private final ScoreChange change;

  private HeadDecodeCode(Form form) {
    this.a = new Assembler(form.unit);
    this.keyRows = form.unit.lanes();
    this.vector = form.unit.bytes();
    this.other = keyRows;
    this.spare = keyRows + 1;
    this.reference = keyRows + 3;
    this.unseen = keyRows + 4;
    this.slack = keyRows + 5;
    this.constants = keyRows + 6;
    this.far = new LaneMask(a, 1, keyRows + 6);
    this.seen = new LaneMask(a, 2, keyRows + 7);
    this.headDim = form.headDim;
    this.vectors = form.headDim * Float.BYTES / vector;
    this.outputs = vectors * vector;
    this.rowBytes = form.rowBytes;
    this.sharing = form.sharing;
    this.sequential = form.sequential;
    this.change = form.change;
  }

  /// Returns where in a record the sums are, where the reference is, and the factor of distances.
  static int sums(int headDim) {
    return 2 * headDim * Float.BYTES;
  }

  static int reference(int headDim) {
    return sums(headDim) + LINE;
  }

  static int slope(int headDim) {
    return reference(headDim) + Float.BYTES;
  }

  /// Returns the bytes of a record.
  static int recordBytes(int headDim) {
    return reference(headDim) + LINE;
  }

  static byte[] of(Form form) {
    HeadDecodeCode code = new HeadDecodeCode(form);
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
    a.load(RAX, argument(NUMBERS));
    PowerOfTwo.prepare(a, constants, RAX);
    a.load(RAX, argument(LIMITS));
    a.vector(VPBROADCASTD, slack, at(RAX, 0));
    a.vector(VPBROADCASTD, unseen, at(RAX, Float.BYTES));
    seen.load(argument(SEEN));
    a.load(RAX, argument(WEIGHTS));
    a.load(R8, argument(KEYS));
    a.load(R9, argument(VALUES_AFTER));
    a.load(RDX, argument(GROUPS));
    if (sequential) {
      a.lea(RSI, at(R8, keyRows * rowBytes));
    }
    a.label(group);
    a.load(R10, argument(RECORDS));
    a.load(R11, argument(KV_HEADS));
    a.label(kvHead);
    if (!sequential) {
      a.lea(RSI, at(R8, keyRows * rowBytes));
    }
    a.set(RCX, sharing);
    a.label(head);
    score();
    change();
    weigh();
    mix();
    a.add(R10, recordBytes(headDim));
    a.add(RSI, fetchedBytes());
    a.subtract(RCX, 1);
    a.jumpIfPositive(head);
    if (sequential) {
      // The last head's lines may go beyond this head of keys.
      a.add(RSI, keyRows * vectors * vector - sharing * fetchedBytes());
    }
    a.add(R8, vectors * vector);
    a.subtract(R11, 1);
    a.jumpIfPositive(kvHead);
    if (change.alibi()) {
      a.vector(VMOVDQU32, X, at(RAX, DISTANCES));
      a.vector(VSUBPS, X, X, a.constant(keyRows));
      a.vector(VMOVDQU32_STORE, X, at(RAX, DISTANCES));
    }
    a.load(RCX, argument(SKIPPED));
    a.add(R8, RCX);
    a.subtract(RDX, 1);
    a.jumpIfPositive(group);
    a.returnToCaller();
  }

  /// Leaves the scores of a group in X.
  private void score() {
    for (int part = 0; part < vectors; part++) {
      a.vector(VMOVDQU32, other, at(R10, part * vector));
      for (int row = 0; row < keyRows; row++) {
        for (int line : linesFetchedWith(part * keyRows + row)) {
          a.prefetch(at(RSI, line));
        }
        Address key = at(R8, row * rowBytes + part * vector);
        a.vector(part == 0 ? VMULPS : VFMADD231PS, row, other, key);
      }
    }
    addLanes();
  }

  /// Returns how many lines of the next group's keys, and of its values, each of the heads that
  /// share them fetches: were it all for one head, memory would be idle while others compute.
  private int linesFetched() {
    return sequential
        ? (keyRows * linesOfRow() - 1) / sharing + 1
        : ((keyRows - 1) / sharing + 1) * linesOfRow();
  }

  private int linesOfRow() {
    return headDim * Float.BYTES / LINE;
  }

  /// Returns how far behind what a head fetches begins what the next one does.
  private int fetchedBytes() {
    return sequential ? linesFetched() * LINE : linesFetched() / linesOfRow() * rowBytes;
  }

  /// Returns where the lines are that are fetched with one of the products of a group.
  private int[] linesFetchedWith(int product) {
    int products = keyRows * vectors;
    int lines = linesFetched();
    return IntStream.range(0, lines)
        .filter(line -> line * products / lines == product)
        .map(line ->
            sequential ? line * LINE : line / linesOfRow() * rowBytes + line % linesOfRow() * LINE)
        .toArray();
  }

  /// Turns as many registers as they have lanes into one of the sums of each one's lanes, in their
  /// order.
  private void addLanes() {
    // Of neighbours, the sums of lanes two apart; of pairs, those of each quarter; and so on.
    for (int row = 0; row < keyRows; row += 2) {
      addInterleaved(Instruction.VPUNPCKLDQ, Instruction.VPUNPCKHDQ, row, row + 1);
    }
    for (int row = 0; row < keyRows; row += 4) {
      addInterleaved(Instruction.VPUNPCKLQDQ, Instruction.VPUNPCKHQDQ, row, row + 2);
    }
    if (a.unit() == VectorUnit.AVX2) {
      a.vectorBy(Instruction.VPERM2F128, other, 0, 4, LOWER_HALVES);
      a.vectorBy(Instruction.VPERM2F128, 0, 0, 4, UPPER_HALVES);
      a.vector(VADDPS, 0, 0, other);
      return;
    }
    for (int distance = 4; distance < keyRows; distance *= 2) {
      for (int row = 0; row < keyRows; row += 2 * distance) {
        addQuarters(row, row + distance);
      }
    }
  }

  private void addInterleaved(Instruction low, Instruction high, int first, int second) {
    a.vector(low, other, first, second);
    a.vector(high, first, first, second);
    a.vector(VADDPS, first, first, other);
  }

  private void addQuarters(int first, int second) {
    a.vectorBy(Instruction.VSHUFI32X4, other, first, second, EVEN_QUARTERS);
    a.vectorBy(Instruction.VSHUFI32X4, first, first, second, ODD_QUARTERS);
    a.vector(VADDPS, first, first, other);
  }

  /// Bounds the scores, and takes from each its key's distance times the head's slope.
  private void change() {
    int free = 1;
    if (change.capped()) {
      SoftCapCode cap = new SoftCapCode(a, change.softCap(), free, constants);
      cap.prepare();
      cap.bound(X);
    }
    if (change.alibi()) {
      a.vector(VMOVDQU32, other, TileScores.magnitude(a));
      a.vector(VPANDD, other, other, at(RAX, DISTANCES));
      a.vector(VPBROADCASTD, free, at(R10, slope(headDim)));
      a.vector(VFMADD231PS, X, other, free);
    }
  }

  /// Turns scores into weights, after the reference has moved where it must.
  private void weigh() {
    Assembler.Label near = new Assembler.Label();
    a.vector(VMOVDQU32, other, unseen);
    seen.copy(other, X);
    a.vector(VMOVDQU32, X, other);
    a.vector(VPBROADCASTD, reference, at(R10, reference(headDim)));
    a.vector(VADDPS, spare, reference, slack);
    far.greater(X, spare);
    far.testWith(far);
    a.jumpIfZero(near);
    moveReference();
    a.label(near);
    a.vector(VSUBPS, X, X, reference);
    PowerOfTwo.write(a, X, constants, spare);
    a.vector(VMOVDQU32_STORE, X, at(RAX, 0));
    a.vector(VADDPS, X, X, at(R10, sums(headDim)));
    a.vector(VMOVDQU32_STORE, X, at(R10, sums(headDim)));
  }

  /// Makes the largest score the reference.
  private void moveReference() {
    int factor = 1;
    a.vector(VMOVDQU32, other, X);
    LaneExchange.write(a, VMAXPS, other, spare);
    a.vector(VSUBPS, factor, reference, other);
    a.vector(VMOVDQU32, reference, other);
    a.vector(VMOVSS_STORE, reference, at(R10, reference(headDim)));
    PowerOfTwo.write(a, factor, constants, spare);
    // Outputs, and the sums after them.
    for (int at = outputs; at <= sums(headDim); at += vector) {
      a.vector(VMULPS, spare, factor, at(R10, at));
      a.vector(VMOVDQU32_STORE, spare, at(R10, at));
    }
  }

  /// Adds the weighted values, at once as many vectors of each as there are registers for.
  private void mix() {
    int most = keyRows / 2;
    for (int from = 0; from < vectors; from += most) {
      int count = Math.min(most, vectors - from);
      // Two sums for each, so that no addition waits for the one before it.
      for (int i = 0; i < count; i++) {
        a.vector(VMOVDQU32, i, at(R10, outputs + (from + i) * vector));
        a.vector(VPXORD, count + i, count + i, count + i);
      }
      for (int row = 0; row < keyRows; row++) {
        a.vector(VPBROADCASTD, other, at(RAX, row * Float.BYTES));
        for (int i = 0; i < count; i++) {
          for (int line : linesFetchedWith(from * keyRows + row * count + i)) {
            a.prefetch(at(RSI, R9, 1, line));
          }
          Address value = at(R8, R9, 1, row * rowBytes + (from + i) * vector);
          a.vector(VFMADD231PS, row % 2 * count + i, other, value);
        }
      }
      for (int i = 0; i < count; i++) {
        a.vector(VADDPS, i, i, count + i);
        a.vector(VMOVDQU32_STORE, i, at(R10, outputs + (from + i) * vector));
      }
    }
  }
}
