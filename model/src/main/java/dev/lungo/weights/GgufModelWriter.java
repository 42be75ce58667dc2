package dev.lungo.weights;

import dev.lungo.file.GgufWriter;
import dev.lungo.file.GgufWriter.Outgoing;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.GemmaConfig;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.OptConfig;
import dev.lungo.model.RopeScaling;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameter.Role;
import dev.lungo.tensor.Tensor;
import java.io.IOException;
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
    Map<String, Object> metadata = metadata(model.config(), type);
    metadata.putAll(more);
    WeightReport.Builder report = new WeightReport.Builder();
    try (RowEncoder encoder = new RowEncoder(threads)) {
      List<Outgoing> tensors = new ArrayList<>();
      for (Parameter parameter : model.parameters().all()) {
        tensors.add(outgoing(model, parameter, type, encoder, report, progress));
      }
      GgufWriter.write(file, metadata, tensors);
    }
    return report.build();
  }

  private static Outgoing outgoing(
      LanguageModel model,
      Parameter parameter,
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
          WeightRows rows = WeightRows.of(parameter, model.config(), layout(model.config()));
          report.add(type, encoder.write(out, parameter.name(), rows, type.dtype()));
        });
  }

  /// Returns the order of a head's elements that llama.cpp expects of an architecture.
  private static RotaryLayout layout(ModelConfig config) {
    return architecture(config).equals("llama") ? RotaryLayout.INTERLEAVED : RotaryLayout.HALVES;
  }

  /// Returns llama.cpp's name of an architecture.
  ///
  /// @throws IllegalArgumentException if Lungo writes no such models
  private static String architecture(ModelConfig config) {
    return switch (config) {
      case LlamaConfig llama -> {
        if (!llama.ropeScaling().equals(RopeScaling.NONE)
            || llama.window() != AttentionShape.UNLIMITED
            || llama.rotaryDim() != llama.headDim()) {
          throw notWritten("stretched or partial rotary positions or attention within a window");
        }
        yield switch (llama.family()) {
          case LLAMA, MISTRAL -> "llama";
          case QWEN2, QWEN3 -> llama.family().modelType();
          case PHI3 -> throw notWritten("Phi-3's fused projections");
        };
      }
      case Gpt2Config _ -> "gpt2";
      case GemmaConfig _ -> throw notWritten("Gemma's norms");
      case OptConfig _ -> throw notWritten("OPT's positions");
    };
  }

  private static IllegalArgumentException notWritten(String detail) {
    return new IllegalArgumentException(
        "Lungo writes GGUF files of Llama, Mistral, Qwen 2 and 3 and GPT-2 without "
            + detail
            + "; export to safetensors");
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

  private static Map<String, Object> metadata(ModelConfig config, WeightType type) {
    String architecture = architecture(config);
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", architecture);
    metadata.put("general.file_type", type.fileType());
    metadata.put("general.quantization_version", QUANTIZATION_VERSION);
    String prefix = architecture + ".";
    metadata.put(prefix + "vocab_size", config.vocabulary());
    metadata.put(prefix + "context_length", config.context());
    metadata.put(prefix + "embedding_length", config.width());
    metadata.put(prefix + "block_count", config.layers());
    metadata.put(prefix + "feed_forward_length", config.feedForward());
    metadata.put(prefix + "attention.head_count", config.heads());
    metadata.put(prefix + "attention.head_count_kv", config.kvHeads());
    switch (config) {
      case LlamaConfig llama -> {
        metadata.put(prefix + "attention.layer_norm_rms_epsilon", llama.normEpsilon());
        metadata.put(prefix + "attention.key_length", llama.headDim());
        metadata.put(prefix + "attention.value_length", llama.headDim());
        metadata.put(prefix + "rope.dimension_count", llama.headDim());
        metadata.put(prefix + "rope.freq_base", llama.ropeBase());
      }
      case Gpt2Config gpt2 ->
          metadata.put(prefix + "attention.layer_norm_epsilon", gpt2.normEpsilon());
      case GemmaConfig _, OptConfig _ -> throw new IllegalStateException("was refused before");
    }
    return metadata;
  }
}
