package dev.lungo.model;

/// The sizes and conventions of an encoder–decoder Transformer (arXiv:1706.03762).
///
/// @param sourceVocabulary ids that the encoder reads
/// @param targetVocabulary ids that the decoder reads and predicts
/// @param width C
/// @param feedForward the width F of the feed-forward layers
/// @param context the most positions of a source or a target
/// @param scaledEmbedding whether embeddings are multiplied by √C
/// @param attentionBiases whether the projections of attention have biases
/// @param headBias whether the projection to the vocabulary has one; such models are not trained
/// @param start the id that the decoder's input begins with: the target shifted right
/// @param end the id that ends a target
/// @param sourceEnds whether `end` ends sources as well
public record EncoderDecoderConfig(
    int sourceVocabulary,
    int targetVocabulary,
    int width,
    int encoderLayers,
    int decoderLayers,
    int heads,
    int feedForward,
    int context,
    NormPlacement norm,
    Activation activation,
    SinusoidalPositions positions,
    SharedTables shared,
    float normEpsilon,
    boolean scaledEmbedding,
    boolean attentionBiases,
    boolean headBias,
    int start,
    int end,
    boolean sourceEnds) {

  /// The table of positions is computed whole.
  private static final long MOST_POSITION_NUMBERS = 1 << 26;

  /// Where LayerNorm stands.
  public enum NormPlacement {
    /// norm(x + sublayer(x)), as published.
    POST,
    /// x + sublayer(norm(x)), and a norm at the end of each stack (Xiong et al. 2020,
    /// arXiv:2002.04745): trains without a long warm-up.
    PRE
  }

  /// What stands between the two projections of a feed-forward layer.
  public enum Activation {
    RELU,
    /// By its tanh approximation.
    GELU,
    /// silu(gate) · up (Shazeer 2020, arXiv:2002.05202), with one projection more.
    SWIGLU
  }

  /// Which of the three tables (source, target, projection to the vocabulary) are one.
  public enum SharedTables {
    /// All three, as published; both vocabularies are one.
    ALL,
    /// The target's and the projection.
    TARGET,
    NONE
  }

  public EncoderDecoderConfig {
    ModelConfig.check(
        sourceVocabulary,
        width,
        encoderLayers,
        heads,
        heads,
        Math.max(1, width / Math.max(1, heads)),
        feedForward,
        context);
    ModelConfig.checkEpsilon(normEpsilon);
    if (targetVocabulary < 1 || targetVocabulary > 1 << 24) {
      throw new IllegalArgumentException(
          "targetVocabulary must be between 1 and 16777216, but is " + targetVocabulary);
    }
    if (decoderLayers < 1 || decoderLayers > 10_000) {
      throw new IllegalArgumentException(
          "decoderLayers must be between 1 and 10000, but is " + decoderLayers);
    }
    if (width % heads != 0 || width % 2 != 0 || width < 4) {
      throw new IllegalArgumentException(
          "width must be even, at least 4 and a multiple of heads " + heads + ", but is " + width);
    }
    if ((long) context * width > MOST_POSITION_NUMBERS) {
      throw new IllegalArgumentException(
          "a table of " + context + " positions of width " + width + " is too large");
    }
    if (shared == SharedTables.ALL && sourceVocabulary != targetVocabulary) {
      throw new IllegalArgumentException(
          "one table for all needs one vocabulary, but the source has "
              + sourceVocabulary
              + " ids and the target "
              + targetVocabulary);
    }
    if (start < 0
        || start >= targetVocabulary
        || end < 0
        || end >= targetVocabulary
        || (sourceEnds && end >= sourceVocabulary)) {
      throw new IllegalArgumentException(
          "start " + start + " and end " + end + " must be ids of the vocabularies");
    }
  }

  /// Returns the published model: one shared table, post-norm, ReLU, no biases in the attention
  /// projections.
  ///
  /// @param layers of the encoder, and as many of the decoder
  public static EncoderDecoderConfig published(
      int vocabulary, int width, int layers, int heads, int feedForward) {
    return new EncoderDecoderConfig(
        vocabulary,
        vocabulary,
        width,
        layers,
        layers,
        heads,
        feedForward,
        1024,
        NormPlacement.POST,
        Activation.RELU,
        SinusoidalPositions.INTERLEAVED,
        SharedTables.ALL,
        1e-5f,
        true,
        false,
        false,
        0,
        1,
        true);
  }

  public int headDim() {
    return width / heads;
  }
}
