package dev.lungo.weights;

import dev.lungo.nn.StoredWeights;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Arrays;
import java.util.Optional;

/// The matrices of a folder in Hugging Face layout that are stored in 16 bits, used where they lie
/// in the mapped files. The other parameters get memory, into which [ModelFolder] reads them.
///
/// @param saved is closed with this
record FolderWeights(Safetensors saved) implements StoredWeights {
  @Override
  public Tensor tensor(Workspace workspace, String name, Shape shape, boolean asDeclared) {
    StoredTensor stored = ModelFolder.find(saved, name).orElse(null);
    if (stored != null && asDeclared && isMatrix(stored, shape)) {
      Optional<DType> type = type(stored.type());
      if (type.isPresent()) {
        return workspace.adopt(stored.data(), shape, type.get());
      }
    }
    return workspace.allocate(shape, DType.FLOAT32);
  }

  /// Vectors are few numbers, and read by kernels that know float32 alone.
  private static boolean isMatrix(StoredTensor stored, Shape shape) {
    return shape.rank() == 2
        && Arrays.equals(stored.shape(), new long[] {shape.dimension(0), shape.dimension(1)});
  }

  private static Optional<DType> type(StoredType stored) {
    return switch (stored) {
      case F16 -> Optional.of(DType.FLOAT16);
      case BF16 -> Optional.of(DType.BFLOAT16);
      default -> Optional.empty();
    };
  }

  @Override
  public void requireWhole() {
    saved.requireWhole();
  }

  @Override
  public void close() {
    saved.close();
  }
}
