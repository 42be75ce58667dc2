package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VFMADD231PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTQ;
import static dev.lungo.kernel.machine.Instruction.VPXORD;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RSI;

import java.util.function.Consumer;

/// Writes the loop of a product of floats, C = A · B, where C has a few rows of one vector or two
/// and lies in the first registers; others are overwritten.
final class ProductTile {
  /// Rows of the smaller tiles that the last rows of 16 take, where tiles have six.
  private static final int FEWER_ROWS = 4;

  /// What a row of the tile is made of: a number of A times a row of B, a pair of numbers times two
  /// rows as pairs ([LanePairs]), or a pair times one row, which both are multiplied by.
  private enum Form {
    NUMBERS,
    PAIRS,
    PAIRS_TIMES_ROWS
  }

  private final Assembler a;
  private final int rows;
  private final int vectors;
  private final Form form;
  private final int vector;

  private ProductTile(Assembler a, int rows, int vectors, Form form) {
    this.a = a;
    this.rows = rows;
    this.vectors = vectors;
    this.form = form;
    this.vector = a.unit().bytes();
  }

  /// A tile as large as the registers allow.
  static ProductTile of(Assembler a) {
    return of(a, 2);
  }

  /// A tile with rows of so many vectors.
  static ProductTile of(Assembler a, int vectors) {
    return new ProductTile(a, a.unit().tileRows(), vectors, Form.NUMBERS);
  }

  /// A tile of pairs, times rows of B that are pairs, too.
  static ProductTile ofPairs(Assembler a) {
    return new ProductTile(a, a.unit().tileRows(), 2, Form.PAIRS);
  }

  /// A tile of pairs, times rows of B of one vector.
  static ProductTile ofPairsTimesRows(Assembler a) {
    return new ProductTile(a, a.unit().tileRows(), 2, Form.PAIRS_TIMES_ROWS);
  }

  /// Writes loops over tiles like this one, and smaller ones, that have, all together, `count`
  /// rows, a multiple of 16.
  ///
  /// @param left counts the rows
  /// @param body writes what is done with each tile, and does not change `left`
  void forRows(int count, Register left, Consumer<ProductTile> body) {
    int fewer = 0;
    while ((count - fewer) % rows != 0) {
      fewer += FEWER_ROWS;
    }
    loop(this, count - fewer, left, body);
    loop(new ProductTile(a, FEWER_ROWS, vectors, form), fewer, left, body);
  }

  private static void loop(ProductTile tile, int count, Register left, Consumer<ProductTile> body) {
    if (count == 0) {
      return;
    }
    Assembler.Label next = new Assembler.Label();
    tile.a.set(left, count);
    tile.a.label(next);
    body.accept(tile);
    tile.a.subtract(left, tile.rows);
    tile.a.jumpIfPositive(next);
  }

  int rows() {
    return rows;
  }

  /// Returns how many vectors a row has.
  int vectors() {
    return vectors;
  }

  /// Returns how many numbers of A are taken at once.
  int width() {
    return form == Form.NUMBERS ? 1 : 2;
  }

  /// Adds the numbers of each pair; row after row is left in the first registers.
  void addPairs() {
    if (form == Form.NUMBERS) {
      return;
    }
    int spare = 2 * a.unit().tileRows();
    for (int row = 0; row < rows; row++) {
      LanePairs.add(a, row, 2 * row, 2 * row + 1, spare);
    }
  }

  void zero() {
    for (int i = 0; i < vectors * rows; i++) {
      a.vector(VPXORD, i, i, i);
    }
  }

  /// Fetches a line of as many rows as A has, and leaves `line` at the next row.
  ///
  /// @param step bytes between two rows
  void fetch(Register line, Register step) {
    for (int row = 0; row < rows; row++) {
      a.prefetch(at(line, 0));
      a.add(line, step);
    }
  }

  void load(Register from, int rowBytes) {
    for (int i = 0; i < vectors * rows; i++) {
      a.vector(VMOVDQU32, i, at(from, i / vectors * rowBytes + i % vectors * vector));
    }
  }

  void store(Register to, int rowBytes) {
    for (int i = 0; i < vectors * rows; i++) {
      a.vector(VMOVDQU32_STORE, i, at(to, i / vectors * rowBytes + i % vectors * vector));
    }
  }

  /// Adds as many steps as [Register#RCX] says, an even number; A begins at [Register#RSI], B at
  /// [Register#RAX].
  ///
  /// @param aRow bytes between two rows of A
  /// @param aStep bytes between two of its columns
  /// @param bStep bytes between two rows of B
  void multiply(int aRow, int aStep, int bStep) {
    multiply(aRow, aStep, bStep, () -> {});
  }

  /// @param withTwoSteps writes what is done with every two steps
  void multiply(int aRow, int aStep, int bStep, Runnable withTwoSteps) {
    int b = 2 * a.unit().tileRows();
    int numbers = a.unit() == VectorUnit.AVX512 ? 4 : 2;
    Instruction number = form == Form.NUMBERS ? VPBROADCASTD : VPBROADCASTQ;
    Assembler.Label step = new Assembler.Label();
    if (a.unit() == VectorUnit.AVX2) {
      // Where another program has the core's other half, the loop is up to a tenth faster so.
      a.align();
    }
    a.label(step);
    withTwoSteps.run();
    for (int half = 0; half < 2; half++) {
      for (int v = 0; v < (form == Form.PAIRS_TIMES_ROWS ? 1 : vectors); v++) {
        a.vector(VMOVDQU32, b + v, at(RAX, half * bStep + v * vector));
      }
      if (form == Form.PAIRS_TIMES_ROWS) {
        LanePairs.repeat(a, b, b + 1);
      }
      for (int row = 0; row < rows; row++) {
        int x = b + 2 + row % numbers;
        a.vector(number, x, at(RSI, half * aStep + row * aRow));
        for (int v = 0; v < vectors; v++) {
          a.vector(VFMADD231PS, vectors * row + v, x, b + v);
        }
      }
    }
    a.add(RSI, 2 * aStep);
    a.add(RAX, 2 * bStep);
    a.subtract(RCX, 2);
    a.jumpIfPositive(step);
  }
}
