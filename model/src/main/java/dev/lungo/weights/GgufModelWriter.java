package dev.lungo.weights;

import dev.lungo.file.GgufWriter;
import dev.lungo.file.GgufWriter.Outgoing;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameter.Role;
import dev.lungo.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Writes a model as one GGUF file, as llama.cpp opens it.
///
/// Matrices get the wanted type. Vectors and position tables stay in float32, for they are small
/// and all depends on them. The projection to the vocabulary, of which every number goes into the
/// choice of the next token, is at least of Q6_K. Where rows are no whole blocks of a type, the
/// nearest type whose blocks fit takes its place.
public final class GgufModelWriter {
  private static final int QUANTIZATION_VERSION = 2;

  private GgufModelWriter() {}

  /// Replaces `file` by the model.
  ///
  /// @param more metadata besides those of the architecture: the tokenizer's
  /// @param threads how many encode
  /// @param progress hears the name of each tensor before it is written
  /// @throws IllegalArgumentException if the model is of an architecture that Lungo does not write,
  ///   or a number is none that its type can hold
  public static WeightReport write(
      Path file,
      LanguageModel model,
      WeightType type,
      Map<String, Object> more,
      int threads,
      Consumer<String> progress)
      throws IOException {
    GgufMetadata described = GgufMetadata.of(model.config());
    Map<String, Object> metadata = new LinkedHashMap<>(described.entries());
    metadata.put("general.file_type", type.fileType());
    metadata.put("general.quantization_version", QUANTIZATION_VERSION);
    metadata.putAll(more);
    WeightReport.Builder report = new WeightReport.Builder();
    try (RowEncoder encoder = new RowEncoder(threads)) {
      List<Outgoing> tensors = new ArrayList<>();
      described.vectors().forEach((name, values) -> tensors.add(vector(name, values)));
      for (Parameter parameter : model.parameters().all()) {
        tensors.add(
            outgoing(model, parameter, described.rotaryLayout(), type, encoder, report, progress));
      }
      GgufWriter.write(file, metadata, tensors);
    }
    return report.build();
  }

  private static Outgoing vector(String name, float[] values) {
    ByteBuffer data = ByteBuffer.allocate(Float.BYTES * values.length);
    data.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return new Outgoing(
        name,
        new long[] {values.length},
        WeightType.F32.number(),
        data.capacity(),
        out -> {
          while (data.hasRemaining()) {
            out.write(data);
          }
        });
  }

  private static Outgoing outgoing(
      LanguageModel model,
      Parameter parameter,
      RotaryLayout layout,
      WeightType wanted,
      RowEncoder encoder,
      WeightReport.Builder report,
      Consumer<String> progress) {
    String name = GgufNames.inFile(model.config(), parameter.name());
    WeightType type = typeOf(model, parameter, wanted);
    Tensor tensor = parameter.tensor();
    long[] shape = new long[tensor.shape().rank()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = tensor.shape().dimension(i);
    }
    return new Outgoing(
        name,
        shape,
        type.number(),
        type.dtype().bytes(tensor.elements()),
        out -> {
          progress.accept(name);
          WeightRows rows = WeightRows.of(parameter, model.config(), layout);
          report.add(type, encoder.write(out, parameter.name(), rows, type.dtype()));
        });
  }

  /// Returns the type that a parameter gets in a file of `wanted`.
  static WeightType typeOf(LanguageModel model, Parameter parameter, WeightType wanted) {
    Tensor tensor = parameter.tensor();
    if (tensor.shape().rank() == 1 || parameter.name().startsWith("transformer.wpe.")) {
      return WeightType.F32;
    }
    boolean head =
        parameter.role() == Role.HEAD
            || parameter.role() == Role.EMBEDDING && model.config().tiedEmbeddings();
    WeightType type =
        switch (wanted) {
          case Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K -> head ? WeightType.Q6_K : wanted;
          case F32, F16, BF16, Q8_0, Q6_K -> wanted;
        };
    return type.forRows(tensor.shape().width());
  }
}
