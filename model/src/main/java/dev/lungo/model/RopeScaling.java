package dev.lungo.model;

import java.util.List;

/// How rotary positions (arXiv:2104.09864) are stretched so that a model trained on short texts
/// reads long ones: each kind changes the angles θᵢ = base^(-2i/d) by which a position turns pair
/// i.
public sealed interface RopeScaling {
  /// Leaves the angles as they are.
  RopeScaling NONE = new None();

  /// Computes the angle by which one position turns each pair.
  ///
  /// @param turned d, the elements of a head that are turned
  /// @param positions how many positions the text takes; only [Dynamic] and [LongRope] look at it
  /// @return d/2 angles
  double[] frequencies(int turned, double base, int positions);

  /// Returns the base of NTK-aware scaling, base · s^(d/(d-2)): the slowest pair turns s times as
  /// slowly, the fastest as before ("NTK-aware scaled RoPE", in Peng et al. 2023, arXiv:2309.00071,
  /// section 3.1). It is a model's base, and no scaling besides.
  ///
  /// @param factor s
  /// @param turned d, at least 4
  static double ntkBase(double base, double factor, int turned) {
    atLeastOne("factor", factor);
    if (turned < 4) {
      throw new IllegalArgumentException(
          "rope scaling: NTK-aware scaling needs more than one pair a head");
    }
    return base * StrictMath.pow(factor, turned / (turned - 2.0));
  }

  /// Returns what queries and keys are multiplied by besides.
  default double attentionFactor() {
    return 1;
  }

  /// Returns the number of positions that stands for all that have the same angles as `positions`.
  default int regime(int positions) {
    return 0;
  }

  /// Returns how many positions a model takes whose file says `context`.
  default int reach(int context) {
    return context;
  }

  /// No scaling.
  record None() implements RopeScaling {
    @Override
    public double[] frequencies(int turned, double base, int positions) {
      return plain(turned, base);
    }
  }

  /// Position interpolation (Chen et al. 2023, arXiv:2306.15595): θ/s.
  ///
  /// @param factor s
  record Linear(double factor) implements RopeScaling {
    public Linear {
      atLeastOne("factor", factor);
    }

    @Override
    public double[] frequencies(int turned, double base, int positions) {
      double[] frequencies = plain(turned, base);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] /= factor;
      }
      return frequencies;
    }
  }

  /// Dynamic NTK-aware scaling: the base grows with the text, to base · (s·T/L - (s - 1))^(d/(d-2))
  /// for T positions beyond L.
  ///
  /// Keys that are kept from shorter texts would have been turned by other angles; the capacity of
  /// a cache therefore counts as T from the first position on.
  ///
  /// @param factor s
  /// @param originalContext L
  record Dynamic(double factor, int originalContext) implements RopeScaling {
    public Dynamic {
      atLeastOne("factor", factor);
      positive("originalContext", originalContext);
    }

    @Override
    public double[] frequencies(int turned, double base, int positions) {
      return plain(turned, base(turned, base, regime(positions)));
    }

    /// Returns the base for T = `positions`.
    double base(int turned, double base, int positions) {
      double stretch = factor * positions / originalContext - (factor - 1);
      return base * StrictMath.pow(stretch, turned / (turned - 2.0));
    }

    @Override
    public int regime(int positions) {
      return Math.max(positions, originalContext);
    }

    @Override
    public int reach(int context) {
      return times(factor, originalContext, context);
    }
  }

  /// What Llama 3.1 does: slow pairs are interpolated, fast ones are left alone, those between are
  /// mixed. A pair is slow if it turns fewer than `lowFrequencyFactor` times within the original
  /// context, fast if it turns more than `highFrequencyFactor` times.
  record Llama3(
      double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalContext)
      implements RopeScaling {
    public Llama3 {
      atLeastOne("factor", factor);
      positive("lowFrequencyFactor", lowFrequencyFactor);
      positive("highFrequencyFactor", highFrequencyFactor);
      positive("originalContext", originalContext);
      if (lowFrequencyFactor >= highFrequencyFactor) {
        throw new IllegalArgumentException(
            "rope scaling: lowFrequencyFactor "
                + lowFrequencyFactor
                + " must be below highFrequencyFactor "
                + highFrequencyFactor);
      }
    }

    @Override
    public double[] frequencies(int turned, double base, int positions) {
      double[] frequencies = plain(turned, base);
      for (int i = 0; i < frequencies.length; i++) {
        double turns = originalContext * frequencies[i] / (2 * Math.PI);
        double kept = (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
        frequencies[i] = mix(frequencies[i] / factor, frequencies[i], Math.clamp(kept, 0.0, 1.0));
      }
      return frequencies;
    }
  }

  /// YaRN (Peng et al. 2023, arXiv:2309.00071): pairs that turn more than β_fast times within the
  /// original context are left alone, those that turn fewer than β_slow times are interpolated, and
  /// a ramp over the pairs' numbers lies between. Queries and keys grow by 0.1 ln s + 1.
  ///
  /// @param factor s
  /// @param originalContext L
  /// @param betaFast usually 32
  /// @param betaSlow usually 1
  /// @param attentionFactor usually [#usualFactor]
  record Yarn(
      double factor, int originalContext, double betaFast, double betaSlow, double attentionFactor)
      implements RopeScaling {
    public Yarn {
      atLeastOne("factor", factor);
      positive("originalContext", originalContext);
      positive("betaFast", betaFast);
      positive("betaSlow", betaSlow);
      positive("attentionFactor", attentionFactor);
    }

    /// Describes YaRN with the paper's constants.
    public Yarn(double factor, int originalContext) {
      this(factor, originalContext, 32, 1, usualFactor(factor));
    }

    /// Returns 0.1 ln s + 1.
    public static double usualFactor(double factor) {
      return factor <= 1 ? 1 : 0.1 * StrictMath.log(factor) + 1;
    }

    /// Returns the number of the pair at which the ramp starts.
    public int rampStart(int turned, double base) {
      return (int) Math.max(0, Math.floor(pairThatTurns(betaFast, turned, base)));
    }

    /// Returns the number of the pair at which the ramp ends.
    public int rampEnd(int turned, double base) {
      return (int) Math.min(turned - 1.0, Math.ceil(pairThatTurns(betaSlow, turned, base)));
    }

    /// Solves L·θᵢ = 2π·turns for i.
    private double pairThatTurns(double turns, int turned, double base) {
      return turned
          * StrictMath.log(originalContext / (turns * 2 * Math.PI))
          / (2 * StrictMath.log(base));
    }

    @Override
    public double[] frequencies(int turned, double base, int positions) {
      double[] frequencies = plain(turned, base);
      double start = rampStart(turned, base);
      double length = Math.max(0.001, rampEnd(turned, base) - start);
      for (int i = 0; i < frequencies.length; i++) {
        double stretched = Math.clamp((i - start) / length, 0.0, 1.0);
        frequencies[i] = mix(frequencies[i], frequencies[i] / factor, stretched);
      }
      return frequencies;
    }

    @Override
    public int reach(int context) {
      return times(factor, originalContext, context);
    }
  }

  /// LongRoPE (Ding et al. 2024, arXiv:2402.13753): a searched divisor for each pair, one set for
  /// texts within the original context and one for longer texts. Queries and keys grow by √(1 + ln
  /// s / ln L).
  ///
  /// Which set counts is decided by a cache's capacity where there is a cache, because keys turned
  /// by one set cannot serve queries turned by the other.
  ///
  /// @param originalContext L
  /// @param attentionFactor usually [#usualFactor]
  record LongRope(
      List<Double> shortFactors,
      List<Double> longFactors,
      int originalContext,
      double attentionFactor)
      implements RopeScaling {
    public LongRope {
      shortFactors = positive("shortFactors", shortFactors);
      longFactors = positive("longFactors", longFactors);
      positive("originalContext", originalContext);
      positive("attentionFactor", attentionFactor);
      if (shortFactors.size() != longFactors.size()) {
        throw new IllegalArgumentException(
            "rope scaling: "
                + shortFactors.size()
                + " short factors, but "
                + longFactors.size()
                + " long ones");
      }
    }

    /// Returns √(1 + ln s / ln L).
    ///
    /// @param factor s, the context over L
    public static double usualFactor(double factor, int originalContext) {
      return factor <= 1
          ? 1
          : Math.sqrt(1 + StrictMath.log(factor) / StrictMath.log(originalContext));
    }

    @Override
    public double[] frequencies(int turned, double base, int positions) {
      return divided(turned, base, positions > originalContext ? longFactors : shortFactors);
    }

    @Override
    public int regime(int positions) {
      return positions > originalContext ? originalContext + 1 : originalContext;
    }
  }

  /// A divisor for each pair, as GGUF files spell Llama 3.1's scaling out.
  record Divisors(List<Double> divisors) implements RopeScaling {
    public Divisors {
      divisors = positive("divisors", divisors);
    }

    @Override
    public double[] frequencies(int turned, double base, int positions) {
      return divided(turned, base, divisors);
    }
  }

  private static double[] plain(int turned, double base) {
    double[] frequencies = new double[turned / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = StrictMath.pow(base, -2.0 * i / turned);
    }
    return frequencies;
  }

  private static double[] divided(int turned, double base, List<Double> divisors) {
    double[] frequencies = plain(turned, base);
    if (divisors.size() != frequencies.length) {
      throw new IllegalArgumentException(
          "rope scaling: "
              + divisors.size()
              + " divisors for "
              + frequencies.length
              + " pairs; each pair needs one");
    }
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] /= divisors.get(i);
    }
    return frequencies;
  }

  private static double mix(double from, double to, double part) {
    return from * (1 - part) + to * part;
  }

  private static int times(double factor, int originalContext, int least) {
    return (int) Math.clamp(factor * originalContext, least, (double) (1 << 28));
  }

  private static void positive(String name, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "rope scaling: " + name + " must be a finite number above 0, but is " + value);
    }
  }

  private static void atLeastOne(String name, double value) {
    positive(name, value);
    if (value < 1) {
      throw new IllegalArgumentException(
          "rope scaling: " + name + " must be at least 1, for texts get longer, but is " + value);
    }
  }

  private static List<Double> positive(String name, List<Double> values) {
    for (double value : values) {
      positive(name, value);
    }
    return List.copyOf(values);
  }
}
