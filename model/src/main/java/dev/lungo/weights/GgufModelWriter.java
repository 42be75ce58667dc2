package dev.lungo.weights;

import dev.lungo.file.GgufWriter;
import dev.lungo.file.GgufWriter.Outgoing;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
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
import java.util.regex.Pattern;

/// Writes a model as one GGUF file, as llama.cpp opens it.
///
/// Matrices get the wanted type. Vectors and position tables stay in float32, for they are small
/// and all depends on them. The projection to the vocabulary, of which every number goes into the
/// choice of the next token, is at least of Q6_K. Where rows are no whole blocks of a type, the
/// nearest type whose blocks fit takes its place.
public final class GgufModelWriter {
  private static final int QUANTIZATION_VERSION = 2;

  /// Parts of names, in the order in which they are replaced.
  private static final String[][] NAMES = {
    {"model.embed_tokens.", "token_embd."},
    {"transformer.wte.", "token_embd."},
    {"transformer.wpe.", "position_embd."},
    {"model.norm.", "output_norm."},
    {"transformer.ln_f.", "output_norm."},
    {"lm_head.", "output."},
    {"model.layers.", "blk."},
    {"transformer.h.", "blk."},
    {".input_layernorm.", ".attn_norm."},
    {".ln_1.", ".attn_norm."},
    {".self_attn.q_proj.", ".attn_q."},
    {".self_attn.k_proj.", ".attn_k."},
    {".self_attn.v_proj.", ".attn_v."},
    {".self_attn.o_proj.", ".attn_output."},
    {".attn.c_attn.", ".attn_qkv."},
    {".attn.c_proj.", ".attn_output."},
    {".post_attention_layernorm.", ".ffn_norm."},
    {".ln_2.", ".ffn_norm."},
    {".mlp.gate_proj.", ".ffn_gate."},
    {".mlp.up_proj.", ".ffn_up."},
    {".mlp.c_fc.", ".ffn_up."},
    {".mlp.down_proj.", ".ffn_down."},
    {".mlp.c_proj.", ".ffn_down."},
  };

  private static final Pattern KNOWN =
      Pattern.compile(
          "(token_embd|position_embd|output_norm|output|blk\\.\\d+\\.(attn_(norm|q|k|v|qkv|output)"
              + "|ffn_(norm|gate|up|down)))\\.(weight|bias)");

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
    String name = nameInFile(parameter.name());
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
          WeightRows rows = WeightRows.of(parameter, model.config(), RotaryLayout.INTERLEAVED);
          report.add(type, encoder.write(out, parameter.name(), rows, type.dtype()));
        });
  }

  private static String nameInFile(String name) {
    String inFile = name;
    for (String[] pair : NAMES) {
      inFile = inFile.replace(pair[0], pair[1]);
    }
    if (!KNOWN.matcher(inFile).matches()) {
      throw new IllegalArgumentException(
          "Lungo writes GGUF files of plain Llama and GPT-2 models only, which have no "
              + name
              + "; export to safetensors");
    }
    return inFile;
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
    String architecture =
        switch (config) {
          case LlamaConfig llama -> "llama";
          case Gpt2Config gpt2 -> "gpt2";
        };
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
    }
    return metadata;
  }
}
