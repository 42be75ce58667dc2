package dev.lungo.model;

import dev.lungo.kernel.AttentionShape;

/// The sizes of a Gemma model (Gemma 2, arXiv:2408.00118; Gemma 3, arXiv:2503.19786).
///
/// @param headDim D, which is not width / heads here
/// @param normEpsilon ε of the RMSNorms
/// @param ropeBase base of the rotary angles in layers that see everything
/// @param ropeScaling how positions are stretched in layers that see everything
/// @param windowRopeBase base of the rotary angles in layers with a window
/// @param queryScalar scores are q·k / √queryScalar
/// @param window how many positions most layers look back over, their own included
/// @param windowPeriod every so many layers, the last one sees everything
/// @param scoreCap bound of the scores; [AttentionShape#UNCAPPED] for none
/// @param logitCap bound of the logits; [AttentionShape#UNCAPPED] for none
public record GemmaConfig(
    GemmaGeneration generation,
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
    RopeScaling ropeScaling,
    float windowRopeBase,
    float queryScalar,
    int window,
    int windowPeriod,
    float scoreCap,
    float logitCap,
    boolean tiedEmbeddings)
    implements ModelConfig {

  public GemmaConfig {
    ModelConfig.check(vocabulary, width, layers, heads, kvHeads, headDim, feedForward, context);
    ModelConfig.checkEpsilon(normEpsilon);
    ModelConfig.checkRotary(headDim, headDim, ropeBase, ropeScaling);
    ModelConfig.checkRotary(headDim, headDim, windowRopeBase, RopeScaling.NONE);
    ModelConfig.checkWindow(window);
    above0("queryScalar", queryScalar, Float.MAX_VALUE);
    above0("windowPeriod", windowPeriod, Float.MAX_VALUE);
    above0("scoreCap", scoreCap, AttentionShape.UNCAPPED);
    above0("logitCap", logitCap, AttentionShape.UNCAPPED);
  }

  private static void above0(String name, float value, float most) {
    if (!(value > 0 && value <= most)) {
      throw new IllegalArgumentException(name + " must be above 0, but is " + value);
    }
  }

  /// Returns whether a layer sees all positions up to its own.
  public boolean seesEverything(int layer) {
    return (layer + 1) % windowPeriod == 0;
  }

  @Override
  public int positionRegime(int reach) {
    return ropeScaling.regime(reach);
  }
}
