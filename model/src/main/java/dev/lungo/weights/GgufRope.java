package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import dev.lungo.model.RopeScaling;
import java.util.List;

/// Reads how a GGUF file stretches rotary positions: from its `rope.scaling` entries, and from
/// tensors that hold a divisor for each pair.
final class GgufRope {
  static final String DIVISORS = "rope_freqs.weight";
  static final String SHORT = "rope_factors_short.weight";
  static final String LONG = "rope_factors_long.weight";
  static final String TYPE = "rope.scaling.type";
  static final String FACTOR = "rope.scaling.factor";
  static final String ORIGINAL = "rope.scaling.original_context_length";
  static final String ATTENTION_FACTOR = "rope.scaling.attn_factor";
  static final String BETA_FAST = "rope.scaling.yarn_beta_fast";
  static final String BETA_SLOW = "rope.scaling.yarn_beta_slow";

  private final GgufFields fields;
  private final GgufWeights weights;

  GgufRope(GgufFields fields, GgufWeights weights) {
    this.fields = fields;
    this.weights = weights;
  }

  /// @param turned elements of a head that are turned
  /// @param context what the file says
  RopeScaling read(int turned, int context) throws MalformedFileException {
    RopeScaling scaling = scaling(turned, context);
    if (!fields.hasTensor(DIVISORS)) {
      return scaling;
    }
    if (!scaling.equals(RopeScaling.NONE)) {
      throw fields.malformed(TYPE, "comes on top of " + DIVISORS + "; Lungo takes one of them");
    }
    return new RopeScaling.Divisors(divisors(DIVISORS, turned));
  }

  private RopeScaling scaling(int turned, int context) throws MalformedFileException {
    double factor = fields.number(FACTOR, fields.number("rope.scale_linear", 1));
    int original = fields.size(ORIGINAL, context);
    if (fields.hasTensor(SHORT) || fields.hasTensor(LONG)) {
      double usual = RopeScaling.LongRope.usualFactor((double) context / original, original);
      return new RopeScaling.LongRope(
          divisors(SHORT, turned),
          divisors(LONG, turned),
          original,
          fields.number(ATTENTION_FACTOR, usual));
    }
    String type = fields.text(TYPE, factor == 1 ? "none" : "linear");
    if (!type.equals("yarn")) {
      fields.require(ATTENTION_FACTOR, 1, "Lungo knows it of yarn and longrope only");
    }
    return switch (type) {
      case "none" -> RopeScaling.NONE;
      case "linear" -> factor == 1 ? RopeScaling.NONE : new RopeScaling.Linear(factor);
      case "yarn" -> yarn(factor, original);
      default ->
          throw fields.malformed(
              TYPE, "is \"" + type + "\", but Lungo has only none, linear, yarn and longrope");
    };
  }

  private RopeScaling yarn(double factor, int original) throws MalformedFileException {
    fields.require("rope.scaling.yarn_log_multiplier", 0, "Lungo has the paper's factor only");
    fields.require("rope.scaling.yarn_ext_factor", 1, "Lungo mixes by the paper's ramp only");
    double more = fields.number(ATTENTION_FACTOR, 1);
    more *= fields.number("rope.scaling.yarn_attn_factor", 1);
    return new RopeScaling.Yarn(
        factor,
        original,
        fields.number(BETA_FAST, 32),
        fields.number(BETA_SLOW, 1),
        more * RopeScaling.Yarn.usualFactor(factor));
  }

  private List<Double> divisors(String name, int turned) throws MalformedFileException {
    return weights.numbers(name, turned / 2);
  }
}
