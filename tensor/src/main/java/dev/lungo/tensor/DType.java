package dev.lungo.tensor;

/// The type of a tensor's elements.
public enum DType {
  FLOAT32(4),
  INT32(4);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /// Returns the size of one element in bytes.
  public int bytes() {
    return bytes;
  }
}
