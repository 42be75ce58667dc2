package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.GemmaConfig;
import dev.lungo.model.GemmaGeneration;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.LlamaFamily;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.RopeScaling;
import java.io.IOException;

/// Reads the sizes of a model from the metadata of a GGUF file. Refuses what would silently give
/// another model.
final class GgufConfig {
  private static final String KNOWN = "llama, qwen2, qwen3, phi3, gemma2, gemma3 and gpt2";
  static final String SCORE_CAP = "attn_logit_softcapping";
  static final String LOGIT_CAP = "final_logit_softcapping";
  private static final String WINDOW = "attention.sliding_window";

  /// Layers of the 27 B models.
  private static final int GEMMA2_LARGEST = 46;

  private static final int GEMMA3_LARGEST = 62;

  private final GgufFields fields;
  private final GgufWeights weights;

  private GgufConfig(GgufFields fields, GgufWeights weights) {
    this.fields = fields;
    this.weights = weights;
  }

  /// @param weights for the few tensors that say how to compute
  static ModelConfig read(GgufFields fields, GgufWeights weights) throws IOException {
    GgufConfig config = new GgufConfig(fields, weights);
    config.refuseVariants();
    try {
      return switch (fields.architecture()) {
        // Llama's rotary pairs lie side by side, because its files' rows were reordered.
        case "llama" -> config.llama(LlamaFamily.LLAMA, RotaryLayout.INTERLEAVED);
        case "qwen2" -> config.llama(LlamaFamily.QWEN2, RotaryLayout.HALVES);
        case "qwen3" -> config.llama(LlamaFamily.QWEN3, RotaryLayout.HALVES);
        case "phi3" -> config.llama(LlamaFamily.PHI3, RotaryLayout.HALVES);
        case "gemma2" -> config.gemma(GemmaGeneration.GEMMA2);
        case "gemma3" -> config.gemma(GemmaGeneration.GEMMA3);
        case "gpt2" -> config.gpt2();
        default -> throw fields.unknownArchitecture(KNOWN);
      };
    } catch (IllegalArgumentException wrong) {
      throw fields.impossible(wrong);
    }
  }

  private void refuseVariants() throws MalformedFileException {
    fields.require("expert_count", 0, "Lungo has no experts");
    fields.require("attention.clamp_kqv", 0, "Lungo does not clamp queries, keys and values");
    fields.require("attention.max_alibi_bias", 0, "Lungo has no ALiBi here");
    fields.require("attention.scale", 0, "Lungo scales attention by the size of a head");
    fields.require("logit_scale", 0, "Lungo does not scale logits");
    fields.require("embedding_scale", 0, "Lungo does not scale embeddings here");
    fields.require("residual_scale", 0, "Lungo does not scale residual connections");
    if (!fields.architecture().startsWith("gemma")) {
      fields.require(SCORE_CAP, 0, "Lungo bounds scores in Gemma only");
      fields.require(LOGIT_CAP, 0, "Lungo bounds logits in Gemma only");
    }
    fields.requireTrue("attention.causal", "Lungo's models look back only");
  }

  private LlamaConfig llama(LlamaFamily family, RotaryLayout layout) throws IOException {
    int headDim = headDim();
    int stated = fields.size("context_length");
    int turned = fields.size("rope.dimension_count", headDim);
    RopeScaling scaling = new GgufRope(fields, weights).read(turned, stated);
    return new LlamaConfig(
        fields.rows("token_embd.weight"),
        fields.size("embedding_length"),
        fields.size("block_count"),
        fields.size("attention.head_count"),
        fields.size("attention.head_count_kv", fields.size("attention.head_count")),
        headDim,
        fields.size("feed_forward_length"),
        scaling.reach(stated),
        (float) fields.number("attention.layer_norm_rms_epsilon"),
        (float) fields.number("rope.freq_base", 10_000),
        !fields.hasTensor("output.weight"),
        layout,
        family,
        turned,
        scaling,
        fields.has(WINDOW) && fields.number(WINDOW) == 0
            ? AttentionShape.UNLIMITED
            : fields.size(WINDOW, AttentionShape.UNLIMITED));
  }

  private int headDim() throws MalformedFileException {
    int width = fields.size("embedding_length");
    int heads = fields.size("attention.head_count");
    if (!fields.has("attention.key_length") && width % heads != 0) {
      throw fields.malformed(
          "attention.head_count",
          "is " + heads + ", which does not divide the embedding_length " + width);
    }
    int headDim = fields.size("attention.key_length", width / heads);
    fields.require(
        "attention.value_length", headDim, "keys of " + headDim + " need as long values");
    return headDim;
  }

  private GemmaConfig gemma(GemmaGeneration generation) throws IOException {
    boolean second = generation == GemmaGeneration.GEMMA2;
    int width = fields.size("embedding_length");
    int layers = fields.size("block_count");
    int heads = fields.size("attention.head_count");
    int headDim = headDim();
    int context = fields.size("context_length");
    fields.require("rope.dimension_count", headDim, "Gemma turns whole heads of " + headDim);
    RopeScaling scaling = new GgufRope(fields, weights).read(headDim, context);
    double base = fields.number("rope.freq_base", second ? 10_000 : 1_000_000);
    if (second && !scaling.equals(RopeScaling.NONE)) {
      throw fields.malformed("rope.scaling", "stretches positions, which Lungo's Gemma 2 does not");
    }
    return new GemmaConfig(
        generation,
        fields.rows("token_embd.weight"),
        width,
        layers,
        heads,
        fields.size("attention.head_count_kv"),
        headDim,
        fields.size("feed_forward_length"),
        scaling.reach(context),
        (float) fields.number("attention.layer_norm_rms_epsilon"),
        (float) base,
        scaling,
        second ? (float) base : (float) fields.number("rope.freq_base_swa", 10_000),
        queryScalar(generation, layers, width, heads, headDim),
        fields.size(WINDOW),
        fields.size(WINDOW + "_pattern", second ? 2 : 6),
        cap(SCORE_CAP, second ? 50 : AttentionShape.UNCAPPED),
        cap(LOGIT_CAP, second ? 30 : AttentionShape.UNCAPPED),
        !fields.hasTensor("output.weight"));
  }

  /// Returns what a Gemma's scores are divided by the root of, which its files leave out: of both
  /// generations, only the 27 B models use something else than the size of a head.
  static float queryScalar(GemmaConfig config) {
    return queryScalar(
        config.generation(), config.layers(), config.width(), config.heads(), config.headDim());
  }

  private static float queryScalar(
      GemmaGeneration generation, int layers, int width, int heads, int headDim) {
    int largest =
        switch (generation) {
          case GEMMA2 -> GEMMA2_LARGEST;
          case GEMMA3 -> GEMMA3_LARGEST;
        };
    return layers == largest ? (float) width / heads : headDim;
  }

  private float cap(String name, float usual) throws MalformedFileException {
    float cap = (float) fields.number(name, usual == AttentionShape.UNCAPPED ? 0 : usual);
    return cap == 0 ? AttentionShape.UNCAPPED : cap;
  }

  private Gpt2Config gpt2() throws MalformedFileException {
    int width = fields.size("embedding_length");
    int heads = fields.size("attention.head_count");
    if (width % heads != 0) {
      throw fields.malformed(
          "attention.head_count",
          "is " + heads + ", which does not divide the embedding_length " + width);
    }
    fields.require("attention.head_count_kv", heads, "GPT-2 has as many key/value heads as heads");
    fields.require("feed_forward_length", 4 * width, "Lungo's GPT-2 has 4 × embedding_length");
    return new Gpt2Config(
        fields.rows("token_embd.weight"),
        width,
        fields.size("block_count"),
        heads,
        fields.size("context_length"),
        (float) fields.number("attention.layer_norm_epsilon"),
        !fields.hasTensor("output.weight"));
  }
}
