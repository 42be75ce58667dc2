package dev.lungo.model;

import dev.lungo.kernel.PositionKernels.RotaryLayout;

/// The sizes of a Llama model (Touvron et al. 2023, arXiv:2302.13971).
///
/// @param headDim D, usually width / heads
/// @param normEpsilon ε of the RMSNorms
/// @param ropeBase base of the rotary angles, usually 10,000
/// @param rotaryLayout which elements of a head are turned together
public record LlamaConfig(
    int vocabulary,
    int width,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int feedForward,
    int context,
    float normEpsilon,
    float ropeBase,
    boolean tiedEmbeddings,
    RotaryLayout rotaryLayout)
    implements ModelConfig {

  /// Describes a model whose rotary pairs lie half a head apart, as in Hugging Face checkpoints.
  public LlamaConfig(
      int vocabulary,
      int width,
      int layers,
      int heads,
      int kvHeads,
      int headDim,
      int feedForward,
      int context,
      float normEpsilon,
      float ropeBase,
      boolean tiedEmbeddings) {
    this(
        vocabulary,
        width,
        layers,
        heads,
        kvHeads,
        headDim,
        feedForward,
        context,
        normEpsilon,
        ropeBase,
        tiedEmbeddings,
        RotaryLayout.HALVES);
  }

  public LlamaConfig {
    if (!(normEpsilon > 0 && normEpsilon < 1)) {
      throw new IllegalArgumentException(
          "normEpsilon must be between 0 and 1, but is " + normEpsilon);
    }
    if (!(ropeBase > 1 && ropeBase < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "ropeBase must be a finite number above 1, but is " + ropeBase);
    }
    if (headDim % 2 != 0) {
      throw new IllegalArgumentException(
          "headDim must be even for rotary positions, but is " + headDim);
    }
    ModelConfig.check(vocabulary, width, layers, heads, kvHeads, headDim, feedForward, context);
  }
}
