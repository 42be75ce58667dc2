package dev.lungo.weights;

import dev.lungo.tensor.DType;
import java.util.Locale;
import java.util.Optional;

/// The number formats in which models are written.
public enum WeightType {
  F32(DType.FLOAT32, 0, 0),
  F16(DType.FLOAT16, 1, 1),
  BF16(DType.BFLOAT16, 30, 32),
  Q8_0(DType.Q8_0, 8, 7),
  Q4_0(DType.Q4_0, 2, 2),
  Q4_1(DType.Q4_1, 3, 3),
  Q5_0(DType.Q5_0, 6, 8),
  Q5_1(DType.Q5_1, 7, 9),
  Q4_K(DType.Q4_K, 12, 14),
  Q5_K(DType.Q5_K, 13, 16),
  Q6_K(DType.Q6_K, 14, 18);

  private final DType dtype;
  private final int number;
  private final int fileType;

  WeightType(DType dtype, int number, int fileType) {
    this.dtype = dtype;
    this.number = number;
    this.fileType = fileType;
  }

  /// Finds a type by its name in any case, as `q8_0`.
  public static Optional<WeightType> named(String name) {
    for (WeightType type : values()) {
      if (type.name().equals(name.toUpperCase(Locale.ROOT))) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  public DType dtype() {
    return dtype;
  }

  /// Returns its number in llama.cpp's `ggml_type`.
  int number() {
    return number;
  }

  /// Returns what llama.cpp's `general.file_type` calls a file that is mostly of this type.
  int fileType() {
    return fileType;
  }

  /// Returns how many numbers a block holds.
  int blockElements() {
    return dtype.format().map(format -> format.blockElements()).orElse(1);
  }

  /// Returns this type, or the nearest for rows of `width` numbers, which have to be whole blocks:
  /// the same substitutes as llama.cpp's.
  WeightType forRows(int width) {
    if (width % blockElements() == 0) {
      return this;
    }
    return switch (this) {
      case Q4_K -> Q5_0.forRows(width);
      case Q5_K -> Q5_1.forRows(width);
      case Q6_K -> Q8_0.forRows(width);
      case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, F32, F16, BF16 -> F16;
    };
  }
}
