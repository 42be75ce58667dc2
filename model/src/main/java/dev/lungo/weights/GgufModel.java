package dev.lungo.weights;

import dev.lungo.file.GgufHeader;
import dev.lungo.file.GgufHeader.GgufTensorInfo;
import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/// A model in one GGUF file, as llama.cpp and its relatives use them.
///
/// Weights are read where they lie in the mapped file and in the format that they have, so that a
/// model takes as much memory as its file. Reading refuses what would silently give another model.
public final class GgufModel {
  private static final String TOKENIZER = "tokenizer.";
  private static final String ROPE_SCALING = "rope.scaling.type";

  private final GgufHeader header;

  private GgufModel(GgufHeader header) {
    this.header = header;
  }

  /// Opens a model, not trainable.
  ///
  /// @throws MalformedFileException if the file holds no model that Lungo has
  public static LanguageModel load(Path file) throws IOException {
    GgufHeader header = GgufHeader.read(file, name -> !name.startsWith(TOKENIZER));
    LlamaConfig config = new GgufModel(header).config();
    GgufWeights weights = new GgufWeights(header);
    try {
      return LanguageModel.open(config, weights);
    } catch (UncheckedIOException failed) {
      throw failed.getCause();
    }
  }

  private LlamaConfig config() throws IOException {
    String architecture = text("general.architecture", "");
    if (!architecture.equals("llama")) {
      throw header.malformed(
          "general.architecture", "is \"" + architecture + "\", but Lungo reads llama");
    }
    refuseVariants();
    int width = size("embedding_length");
    int heads = size("attention.head_count");
    int headDim = size("attention.key_length", width / Math.max(1, heads));
    if (size("rope.dimension_count", headDim) != headDim) {
      throw header.malformed(
          "llama.rope.dimension_count", "is not " + headDim + ", the size of a head");
    }
    try {
      return new LlamaConfig(
          vocabulary(),
          width,
          size("block_count"),
          heads,
          size("attention.head_count_kv", heads),
          headDim,
          size("feed_forward_length"),
          size("context_length"),
          (float) number("attention.layer_norm_rms_epsilon", 1e-5),
          (float) number("rope.freq_base", 10_000),
          header.tensors().stream().noneMatch(tensor -> tensor.name().equals("output.weight")),
          RotaryLayout.INTERLEAVED);
    } catch (IllegalArgumentException wrong) {
      throw header.malformed("sizes", String.valueOf(wrong.getMessage()));
    }
  }

  private void refuseVariants() throws MalformedFileException {
    String scaling = text("llama." + ROPE_SCALING, "none");
    if (!scaling.equals("none")) {
      throw header.malformed(
          "llama." + ROPE_SCALING, "is \"" + scaling + "\", but Lungo has only unscaled positions");
    }
    if (header.tensors().stream().anyMatch(tensor -> tensor.name().equals("rope_freqs.weight"))) {
      throw header.malformed(
          "rope_freqs.weight", "scales the positions, but Lungo has only unscaled ones");
    }
    if (number("expert_count", 0) != 0) {
      throw header.malformed("llama.expert_count", "is not 0, but Lungo has no experts");
    }
  }

  private int vocabulary() throws MalformedFileException {
    for (GgufTensorInfo tensor : header.tensors()) {
      if (tensor.name().equals("token_embd.weight") && tensor.shape().length == 2) {
        return toSize("token_embd.weight", tensor.shape()[0]);
      }
    }
    throw header.malformed("token_embd.weight", "is missing");
  }

  private String text(String name, String otherwise) throws MalformedFileException {
    Object value = header.metadata().getOrDefault(name, otherwise);
    if (value instanceof String text) {
      return text;
    }
    throw header.malformed(name, "is " + value + ", but must be a string");
  }

  private int size(String name) throws MalformedFileException {
    Object value = header.metadata().get("llama." + name);
    if (value == null) {
      throw header.malformed("llama." + name, "is missing");
    }
    return toSize(name, value);
  }

  private int size(String name, int otherwise) throws MalformedFileException {
    return toSize(name, header.metadata().getOrDefault("llama." + name, otherwise));
  }

  private int toSize(String name, Object value) throws MalformedFileException {
    if (value instanceof Number number
        && number.longValue() >= 1
        && number.longValue() <= Integer.MAX_VALUE) {
      return number.intValue();
    }
    throw header.malformed(name, "is " + value + ", but must be a positive number");
  }

  private double number(String name, double otherwise) throws MalformedFileException {
    Object value = header.metadata().getOrDefault("llama." + name, otherwise);
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw header.malformed("llama." + name, "is " + value + ", but must be a number");
  }
}
