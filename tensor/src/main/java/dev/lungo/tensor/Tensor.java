package dev.lungo.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A shaped view of memory in a [Workspace], row-major, with the gradient that belongs to it once
/// there is one.
public final class Tensor {
  private final Workspace workspace;
  private final int generation;
  private final Shape shape;
  private final DType type;
  private final MemorySegment data;
  private final GradientSlot slot;
  private final AdapterSlot adapted;
  private final int firstRow;

  /// What a tensor and all views of it share.
  private static final class GradientSlot {
    private boolean required;
    private @Nullable Tensor gradient;
  }

  /// What a tensor, all views and all parts of it share.
  private static final class AdapterSlot {
    private @Nullable Adapter adapter;
  }

  Tensor(Workspace workspace, int generation, Shape shape, DType type, MemorySegment data) {
    this(workspace, generation, shape, type, data, new GradientSlot(), new AdapterSlot(), 0);
  }

  private Tensor(
      Workspace workspace,
      int generation,
      Shape shape,
      DType type,
      MemorySegment data,
      GradientSlot slot,
      AdapterSlot adapted,
      int firstRow) {
    this.workspace = workspace;
    this.generation = generation;
    this.shape = shape;
    this.type = type;
    this.data = data;
    this.slot = slot;
    this.adapted = adapted;
    this.firstRow = firstRow;
  }

  public Shape shape() {
    return shape;
  }

  public DType type() {
    return type;
  }

  /// Returns the memory, which starts at the first element.
  ///
  /// @throws IllegalStateException if the workspace was reset after this tensor was made
  public MemorySegment data() {
    if (generation != workspace.generation()) {
      throw new IllegalStateException(
          "tensor "
              + shape
              + " of workspace '"
              + workspace.name()
              + "' was used after that workspace was reset; keep what must outlive a step in another workspace");
    }
    return data;
  }

  /// Returns the number of elements.
  public long elements() {
    return shape.elements();
  }

  /// Returns the same memory, and the same gradient, under another shape of as many elements.
  public Tensor view(int... dimensions) {
    return view(Shape.of(dimensions));
  }

  private Tensor view(Shape other) {
    if (other.elements() != shape.elements()) {
      throw new IllegalArgumentException(
          "view: "
              + shape
              + " has "
              + shape.elements()
              + " elements, "
              + other
              + " has "
              + other.elements());
    }
    return new Tensor(workspace, generation, other, type, data, slot, adapted, firstRow);
  }

  /// Returns the part of the first dimension from `from` to before `to`, in the same memory. Its
  /// gradient is that part of this tensor's gradient, if there is one by now.
  public Tensor rows(int from, int to) {
    int first = shape.dimension(0);
    if (from < 0 || from >= to || to > first) {
      throw new IllegalArgumentException(
          "rows: " + from + " to " + to + " is not a part of " + shape);
    }
    long row = data().byteSize() / first;
    Shape part = shape.withFirst(to - from);
    Tensor slice =
        new Tensor(
            workspace,
            generation,
            part,
            type,
            data.asSlice(from * row, (to - from) * row),
            new GradientSlot(),
            adapted,
            firstRow + from);
    slice.slot.required = slot.required;
    slice.slot.gradient = slot.gradient == null ? null : slot.gradient.rows(from, to);
    return slice;
  }

  /// Marks this tensor as one whose gradient is wanted.
  public Tensor requireGradient() {
    if (type != DType.FLOAT32) {
      throw new IllegalArgumentException(
          "a gradient needs float32 elements, but these are " + type);
    }
    slot.required = true;
    return this;
  }

  public boolean requiresGradient() {
    return slot.required;
  }

  /// Returns the gradient of the loss with respect to this tensor, if one was made.
  public Optional<Tensor> gradient() {
    Tensor gradient = slot.gradient;
    if (gradient == null || gradient.shape.equals(shape)) {
      return Optional.ofNullable(gradient);
    }
    return Optional.of(gradient.view(shape));
  }

  /// Makes `tensor` the gradient. It must have this tensor's shape.
  public void setGradient(Tensor tensor) {
    if (!tensor.shape.equals(shape)) {
      throw new IllegalArgumentException(
          "gradient: a tensor " + shape + " got a gradient " + tensor.shape);
    }
    slot.gradient = tensor;
  }

  /// Attaches a low-rank change to this weight and to its parts, or takes it off. Linear layers
  /// apply it.
  public void adapt(Optional<Adapter> adapter) {
    if (adapter.isPresent()) {
      Adapter change = adapter.get();
      int in = change.down().shape().dimension(1);
      int out = change.up().shape().dimension(0);
      if (shape.rank() != 2 || shape.dimension(0) != out || shape.dimension(1) != in) {
        throw new IllegalArgumentException(
            "adapter: a change (" + out + ", " + in + ") does not fit the weight " + shape);
      }
    }
    adapted.adapter = adapter.orElse(null);
  }

  /// Returns the low-rank change that belongs to this weight, if there is one.
  public Optional<Adapter> adapter() {
    Adapter whole = adapted.adapter;
    if (whole == null || whole.up().shape().dimension(0) == shape.dimension(0)) {
      return Optional.ofNullable(whole);
    }
    return Optional.of(whole.rows(firstRow, firstRow + shape.dimension(0)));
  }

  /// Returns one float by its index in row-major order. For tests and small results, not for loops.
  public float at(long index) {
    return data().getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  /// Copies the floats out.
  public float[] toFloats() {
    return data().toArray(ValueLayout.JAVA_FLOAT);
  }

  /// Copies floats in, as many as there are elements.
  public Tensor set(float... values) {
    checkLength(values.length);
    MemorySegment.copy(values, 0, data(), ValueLayout.JAVA_FLOAT, 0, values.length);
    return this;
  }

  /// Copies ints in, as many as there are elements.
  public Tensor set(int... values) {
    checkLength(values.length);
    MemorySegment.copy(values, 0, data(), ValueLayout.JAVA_INT, 0, values.length);
    return this;
  }

  /// Copies ints into one row of the last dimension.
  ///
  /// @param from index of the first int to copy
  public Tensor setRow(int row, int[] values, int from) {
    int width = shape.width();
    MemorySegment.copy(
        values, from, data(), ValueLayout.JAVA_INT, (long) row * width * Integer.BYTES, width);
    return this;
  }

  /// Copies another tensor of the same number of elements in.
  public Tensor copyFrom(Tensor other) {
    checkLength(other.elements());
    MemorySegment.copy(other.data(), 0, data(), 0, data.byteSize());
    return this;
  }

  /// Sets every float to one value.
  public Tensor fill(float value) {
    MemorySegment target = data();
    for (long i = 0; i < elements(); i++) {
      target.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
    }
    return this;
  }

  private void checkLength(long length) {
    if (length != elements()) {
      throw new IllegalArgumentException(
          "tensor " + shape + " holds " + elements() + " elements, but got " + length);
    }
  }

  @Override
  public String toString() {
    return type + shape.toString();
  }
}
