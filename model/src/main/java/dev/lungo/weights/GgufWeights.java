package dev.lungo.weights;

import dev.lungo.file.GgufHeader;
import dev.lungo.file.GgufHeader.GgufTensorInfo;
import dev.lungo.file.MalformedFileException;
import dev.lungo.model.ModelConfig;
import dev.lungo.nn.StoredWeights;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/// The tensors of a GGUF file, memory-mapped, under the names that Hugging Face checkpoints give
/// them.
final class GgufWeights implements StoredWeights {
  private final GgufHeader header;
  private final Map<String, GgufTensorInfo> tensors = new HashMap<>();
  private final MappedFile file;
  private final MemorySegment mapped;
  private final Set<String> used = new HashSet<>();
  private UnaryOperator<String> names = UnaryOperator.identity();

  /// Maps the file that the header was read from.
  GgufWeights(GgufHeader header) throws IOException {
    this.header = header;
    for (GgufTensorInfo tensor : header.tensors()) {
      tensors.put(tensor.name(), tensor);
    }
    GgufLayout.check(header);
    file = new MappedFile(header.file());
    mapped = file.segment();
  }

  /// Takes names to be those of this model's parameters.
  void nameAs(ModelConfig config) {
    names = name -> GgufNames.inFile(config, name);
  }

  @Override
  public Tensor tensor(Workspace workspace, String name, Shape shape, boolean asDeclared) {
    try {
      return find(workspace, names.apply(name), shape);
    } catch (MalformedFileException malformed) {
      throw new UncheckedIOException(malformed);
    }
  }

  /// Reads a vector that says how to compute.
  List<Double> numbers(String name, int count) throws MalformedFileException {
    try (Workspace scratch = new Workspace("numbers")) {
      Tensor tensor = find(scratch, name, Shape.of(count));
      List<Double> numbers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        numbers.add((double) tensor.data().getAtIndex(StoredTensor.FLOAT, i));
      }
      return numbers;
    }
  }

  /// Refuses a file with a tensor that nobody asked for: the model would be another one.
  void checkAllUsed() throws MalformedFileException {
    for (GgufTensorInfo tensor : header.tensors()) {
      if (!used.contains(tensor.name())) {
        throw malformed(tensor, "is not part of the model that the metadata describes");
      }
    }
  }

  private Tensor find(Workspace workspace, String name, Shape shape) throws MalformedFileException {
    GgufTensorInfo found = tensors.get(name);
    if (found == null) {
      throw header.malformed(name, "is missing");
    }
    long[] expected = new long[shape.rank()];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = shape.dimension(i);
    }
    if (!Arrays.equals(found.shape(), expected)) {
      throw malformed(
          found,
          "has the shape "
              + Arrays.toString(found.shape())
              + ", but the metadata asks for "
              + Arrays.toString(expected));
    }
    DType type = type(found);
    if (shape.rank() == 1 && type != DType.FLOAT32) {
      throw malformed(found, "has the type " + type + "; Lungo reads vectors in F32 only");
    }
    used.add(name);
    int block = type.format().map(format -> format.blockElements()).orElse(1);
    if (shape.width() % block != 0) {
      throw malformed(found, "its rows of " + shape.width() + " are no whole blocks of " + block);
    }
    long bytes = type.bytes(shape.elements());
    if (bytes > mapped.byteSize() - found.offset()) {
      throw malformed(
          found,
          "takes "
              + bytes
              + " bytes from byte "
              + found.offset()
              + ", but the file ends at "
              + mapped.byteSize()
              + "; is the download complete?");
    }
    return workspace.adopt(mapped.asSlice(found.offset(), bytes), shape, type);
  }

  private DType type(GgufTensorInfo tensor) throws MalformedFileException {
    Optional<DType> type = type(tensor.type());
    if (type.isEmpty()) {
      throw malformed(
          tensor,
          "has the type "
              + tensor.type()
              + "; Lungo reads F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K");
    }
    return type.get();
  }

  /// Finds a type by its number in llama.cpp's `ggml_type`.
  static Optional<DType> type(int number) {
    return switch (number) {
      case 0 -> Optional.of(DType.FLOAT32);
      case 1 -> Optional.of(DType.FLOAT16);
      case 2 -> Optional.of(DType.Q4_0);
      case 3 -> Optional.of(DType.Q4_1);
      case 6 -> Optional.of(DType.Q5_0);
      case 7 -> Optional.of(DType.Q5_1);
      case 8 -> Optional.of(DType.Q8_0);
      case 12 -> Optional.of(DType.Q4_K);
      case 13 -> Optional.of(DType.Q5_K);
      case 14 -> Optional.of(DType.Q6_K);
      case 30 -> Optional.of(DType.BFLOAT16);
      default -> Optional.empty();
    };
  }

  private MalformedFileException malformed(GgufTensorInfo tensor, String reason) {
    return new MalformedFileException(
        header.file().toString(), tensor.described(), "tensor " + tensor.name(), reason);
  }

  @Override
  public void requireWhole() {
    file.requireWhole();
  }

  @Override
  public void close() {
    file.close();
  }
}
