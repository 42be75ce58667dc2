package dev.lungo.tune;

import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.PositionScheme;
import dev.lungo.model.RopeScaling;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/// A way to let a model read texts longer than those it was trained on. All but [#NONE] change the
/// angles of rotary positions, by the factor s = new context / old context.
public enum ContextMethod {
  /// Only the limit is lifted: for models without rotary positions, or to see why the others exist.
  NONE,
  /// Position interpolation (Chen et al. 2023, arXiv:2306.15595): every angle is divided by s.
  LINEAR,
  /// NTK-aware scaling: a larger base, so that fast pairs keep their angles.
  NTK,
  /// Dynamic NTK-aware scaling: the base follows the length of the text.
  DYNAMIC,
  /// YaRN (Peng et al. 2023, arXiv:2309.00071): slow pairs are interpolated, fast ones are not.
  YARN,
  /// LongRoPE (Ding et al. 2024, arXiv:2402.13753): a searched divisor for each pair.
  LONGROPE,
  /// What Llama 3.1 does (arXiv:2407.21783): as YaRN, by wavelengths.
  LLAMA3;

  private static final double LLAMA3_LOW = 1;
  private static final double LLAMA3_HIGH = 4;

  /// Returns what the command line calls it.
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Returns the configuration of the same model with a longer context. [#LONGROPE] starts with the
  /// divisors of NTK-aware scaling.
  ///
  /// @throws IllegalArgumentException if the method does not suit the model, or the context is not
  ///   longer than it is
  public ModelConfig extend(ModelConfig config, int context) {
    if (context <= config.context()) {
      throw new IllegalArgumentException(
          "the model reads "
              + config.context()
              + " positions already; give a --context above that, not "
              + context
              + " (a scaling factor below 1 would only blur them)");
    }
    return switch (config) {
      case LlamaConfig llama when this == NONE ->
          llama.reaching(context, llama.ropeBase(), llama.ropeScaling());
      case LlamaConfig llama when llama.positions() == PositionScheme.ROPE ->
          stretched(llama, context);
      case Gpt2Config gpt2 when this == NONE -> gpt2.reaching(context);
      default ->
          throw new IllegalArgumentException(
              label()
                  + " stretches rotary positions, which this model does not have; a Llama or one of"
                  + " its family does");
    };
  }

  private LlamaConfig stretched(LlamaConfig config, int context) {
    if (!config.ropeScaling().equals(RopeScaling.NONE)) {
      throw new IllegalArgumentException(
          "the model's positions are stretched already ("
              + config.ropeScaling()
              + "); start from the model that they were stretched from");
    }
    int original = config.context();
    double factor = (double) context / original;
    return switch (this) {
      case NONE -> throw new IllegalStateException("nothing is stretched");
      case LINEAR -> scaled(config, context, new RopeScaling.Linear(factor));
      case NTK ->
          config.reaching(
              context,
              (float) RopeScaling.ntkBase(config.ropeBase(), factor, config.rotaryDim()),
              RopeScaling.NONE);
      case DYNAMIC -> scaled(config, context, new RopeScaling.Dynamic(factor, original));
      case YARN -> scaled(config, context, new RopeScaling.Yarn(factor, original));
      case LLAMA3 ->
          scaled(
              config, context, new RopeScaling.Llama3(factor, LLAMA3_LOW, LLAMA3_HIGH, original));
      case LONGROPE ->
          scaled(
              config, context, longRope(ntkDivisors(factor, config.rotaryDim()), original, factor));
    };
  }

  private static LlamaConfig scaled(LlamaConfig config, int context, RopeScaling scaling) {
    return config.reaching(context, config.ropeBase(), scaling);
  }

  /// Returns LongRoPE with these divisors for texts beyond the original context, and none within.
  static RopeScaling.LongRope longRope(List<Double> divisors, int original, double factor) {
    return new RopeScaling.LongRope(
        Collections.nCopies(divisors.size(), 1.0),
        divisors,
        original,
        RopeScaling.LongRope.usualFactor(factor, original));
  }

  /// Returns what NTK-aware scaling divides each pair's angle by: s^(2i/(d-2)).
  static List<Double> ntkDivisors(double factor, int turned) {
    int pairs = turned / 2;
    Double[] divisors = new Double[pairs];
    for (int i = 0; i < pairs; i++) {
      divisors[i] = pairs == 1 ? factor : StrictMath.pow(factor, (double) i / (pairs - 1));
    }
    return List.of(divisors);
  }
}
