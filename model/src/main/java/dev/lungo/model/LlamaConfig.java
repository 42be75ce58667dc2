package dev.lungo.model;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.PositionKernels.RotaryLayout;

/// The sizes of a Llama model (Touvron et al. 2023, arXiv:2302.13971) or one of its family.
///
/// @param headDim D, usually width / heads
/// @param normEpsilon ε of the RMSNorms
/// @param ropeBase base of the rotary angles, usually 10,000
/// @param rotaryLayout which elements of a head are turned together
/// @param family the details by which it differs from Llama
/// @param rotaryDim how many elements of a head are turned, usually D
/// @param ropeScaling how positions are stretched for long texts
/// @param window how many positions a token looks back over, its own included;
///   [AttentionShape#UNLIMITED] for all
/// @param positions how it knows where tokens stand; what is said of rotary angles counts with
///   [PositionScheme#ROPE] only
/// @param sparsity a sparse pattern instead of the window; [AttentionPattern#CAUSAL] for none
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
    RotaryLayout rotaryLayout,
    LlamaFamily family,
    int rotaryDim,
    RopeScaling ropeScaling,
    int window,
    PositionScheme positions,
    AttentionPattern sparsity)
    implements ModelConfig {

  /// Describes a model with rotary positions.
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
      boolean tiedEmbeddings,
      RotaryLayout rotaryLayout,
      LlamaFamily family,
      int rotaryDim,
      RopeScaling ropeScaling,
      int window) {
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
        rotaryLayout,
        family,
        rotaryDim,
        ropeScaling,
        window,
        PositionScheme.ROPE,
        AttentionPattern.CAUSAL);
  }

  /// Describes a plain Llama whose rotary pairs lie half a head apart, as in Hugging Face
  /// checkpoints.
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

  /// Describes a plain Llama.
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
      boolean tiedEmbeddings,
      RotaryLayout rotaryLayout) {
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
        rotaryLayout,
        LlamaFamily.LLAMA,
        headDim,
        RopeScaling.NONE,
        AttentionShape.UNLIMITED);
  }

  public LlamaConfig {
    ModelConfig.check(vocabulary, width, layers, heads, kvHeads, headDim, feedForward, context);
    ModelConfig.checkEpsilon(normEpsilon);
    if (positions == PositionScheme.ROPE) {
      ModelConfig.checkRotary(headDim, rotaryDim, ropeBase, ropeScaling);
    } else if (!ropeScaling.equals(RopeScaling.NONE)) {
      throw new IllegalArgumentException(
          "only rotary positions can be stretched, but positions are " + positions.label());
    }
    ModelConfig.checkWindow(window);
    ModelConfig.checkSparsity(sparsity, context);
    if (window != AttentionShape.UNLIMITED && !(sparsity instanceof AttentionPattern.Causal)) {
      throw new IllegalArgumentException(
          "attention has a window of " + window + " or is " + sparsity.text() + ", not both");
    }
  }

  /// Returns which keys a query sees.
  public AttentionPattern attention() {
    return sparsity instanceof AttentionPattern.Causal
        ? AttentionShape.withinWindow(window)
        : sparsity;
  }

  /// Returns the same sizes with another pattern of attention. A plain Llama with a window is what
  /// others call a Mistral.
  public LlamaConfig with(AttentionPattern pattern) {
    boolean limited = pattern instanceof AttentionPattern.Window;
    LlamaConfig plain =
        with(
            rotaryLayout,
            limited && family == LlamaFamily.LLAMA ? LlamaFamily.MISTRAL : family,
            rotaryDim,
            ropeScaling,
            pattern instanceof AttentionPattern.Window own ? own.size() : AttentionShape.UNLIMITED,
            context,
            ropeBase,
            positions,
            AttentionPattern.CAUSAL);
    return limited ? plain : plain.sparse(pattern);
  }

  private LlamaConfig sparse(AttentionPattern pattern) {
    return with(
        rotaryLayout,
        family,
        rotaryDim,
        ropeScaling,
        window,
        context,
        ropeBase,
        positions,
        pattern);
  }

  /// Returns the same sizes for another member of the family.
  public LlamaConfig of(LlamaFamily other) {
    return with(other, rotaryDim, ropeScaling, window);
  }

  /// Returns the same sizes with other details.
  public LlamaConfig with(
      LlamaFamily otherFamily, int otherRotaryDim, RopeScaling otherScaling, int otherWindow) {
    return with(rotaryLayout, otherFamily, otherRotaryDim, otherScaling, otherWindow);
  }

  /// Returns the same model with its rotary pairs elsewhere.
  public LlamaConfig with(RotaryLayout otherLayout) {
    return with(otherLayout, family, rotaryDim, ropeScaling, window);
  }

  private LlamaConfig with(
      RotaryLayout otherLayout,
      LlamaFamily otherFamily,
      int otherRotaryDim,
      RopeScaling otherScaling,
      int otherWindow) {
    return with(
        otherLayout,
        otherFamily,
        otherRotaryDim,
        otherScaling,
        otherWindow,
        context,
        ropeBase,
        positions,
        sparsity);
  }

  /// Returns the same model for texts of another length.
  public LlamaConfig reaching(int otherContext, float otherBase, RopeScaling otherScaling) {
    return with(
        rotaryLayout,
        family,
        rotaryDim,
        otherScaling,
        window,
        otherContext,
        otherBase,
        positions,
        sparsity);
  }

  /// Returns the same sizes with positions of another kind.
  public LlamaConfig with(PositionScheme otherPositions) {
    return with(
        rotaryLayout,
        family,
        rotaryDim,
        ropeScaling,
        window,
        context,
        ropeBase,
        otherPositions,
        sparsity);
  }

  private LlamaConfig with(
      RotaryLayout otherLayout,
      LlamaFamily otherFamily,
      int otherRotaryDim,
      RopeScaling otherScaling,
      int otherWindow,
      int otherContext,
      float otherBase,
      PositionScheme otherPositions,
      AttentionPattern otherSparsity) {
    return new LlamaConfig(
        vocabulary,
        width,
        layers,
        heads,
        kvHeads,
        headDim,
        feedForward,
        otherContext,
        normEpsilon,
        otherBase,
        tiedEmbeddings,
        otherLayout,
        otherFamily,
        otherRotaryDim,
        otherScaling,
        otherWindow,
        otherPositions,
        otherSparsity);
  }

  @Override
  public int positionRegime(int reach) {
    return ropeScaling.regime(reach);
  }
}
