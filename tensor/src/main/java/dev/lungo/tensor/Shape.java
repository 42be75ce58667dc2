package dev.lungo.tensor;

import java.util.Arrays;

/// The dimensions of a tensor, outermost first. Immutable.
public final class Shape {
  private final int[] dimensions;
  private final long elements;

  private Shape(int[] dimensions) {
    this.dimensions = dimensions;
    long product = 1;
    for (int dimension : dimensions) {
      if (dimension < 1) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(dimensions) + ": every dimension must be at least 1");
      }
      product = Math.multiplyExact(product, dimension);
    }
    this.elements = product;
  }

  /// Returns the shape with these dimensions; none make a scalar.
  public static Shape of(int... dimensions) {
    return new Shape(dimensions.clone());
  }

  public int rank() {
    return dimensions.length;
  }

  /// Returns one dimension; a negative axis counts from the end, so that -1 is the last.
  public int dimension(int axis) {
    int index = axis < 0 ? axis + dimensions.length : axis;
    if (index < 0 || index >= dimensions.length) {
      throw new IllegalArgumentException("shape " + this + " has no axis " + axis);
    }
    return dimensions[index];
  }

  /// Returns the product of all dimensions.
  public long elements() {
    return elements;
  }

  /// Returns the length of the last dimension; 1 for a scalar.
  public int width() {
    return dimensions.length == 0 ? 1 : dimensions[dimensions.length - 1];
  }

  /// Returns how many rows of [#width] elements there are: the product of all dimensions but the
  /// last.
  public int rows() {
    return Math.toIntExact(elements / width());
  }

  /// Returns this shape with another last dimension.
  public Shape withWidth(int width) {
    int[] changed = dimensions.clone();
    changed[changed.length - 1] = width;
    return new Shape(changed);
  }

  /// Returns this shape with another first dimension.
  public Shape withFirst(int first) {
    int[] changed = dimensions.clone();
    changed[0] = first;
    return new Shape(changed);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dimensions, shape.dimensions);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dimensions);
  }

  /// Returns the dimensions as `(8,256,64)`.
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("(");
    for (int i = 0; i < dimensions.length; i++) {
      text.append(i == 0 ? "" : ",").append(dimensions[i]);
    }
    return text.append(')').toString();
  }
}
