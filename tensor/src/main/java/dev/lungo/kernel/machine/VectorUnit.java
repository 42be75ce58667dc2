package dev.lungo.kernel.machine;

/// The vectors of a kind of processor, and the tiles of products of floats that fit its registers.
public enum VectorUnit {
  /// 16 registers of 8 floats: 12 hold sums, 2 a row of B, 2 numbers of A.
  AVX2(8, 6),

  /// 32 registers of 16 floats: 16 hold sums, 2 a row of B, 4 numbers of A.
  AVX512(16, 8);

  private final int lanes;
  private final int tileRows;

  VectorUnit(int lanes, int tileRows) {
    this.lanes = lanes;
    this.tileRows = tileRows;
  }

  /// Returns how many floats a vector has.
  int lanes() {
    return lanes;
  }

  int bytes() {
    return lanes * Float.BYTES;
  }

  /// Returns the rows of a tile ([ProductTile]).
  int tileRows() {
    return tileRows;
  }

  /// Returns the columns of a tile, two vectors; so many queries make a panel.
  int columns() {
    return 2 * lanes;
  }

  /// Returns the bytes of a row of a tile or of a panel.
  int rowBytes() {
    return 2 * bytes();
  }
}
