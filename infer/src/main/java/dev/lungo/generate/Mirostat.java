package dev.lungo.generate;

/// Mirostat (Basu et al. 2020, arXiv:2007.14966): keeps the surprise of the text near a target by
/// choosing, token by token, how many ids to choose among.
///
/// The surprise of an id is -log₂ of its probability at the temperature, before anything is
/// dropped. A bound μ starts at twice the target and falls, after each token, by rate · (surprise -
/// target).
public final class Mirostat {
  /// Ids from which version 1 estimates how the probabilities fall.
  private static final int ESTIMATED = 100;

  private static final double LOG_2 = StrictMath.log(2);

  private final Settings settings;
  private double bound;

  /// How to steer.
  ///
  /// @param version 1 estimates the exponent of Zipf's law and keeps the number of ids that it says
  ///   for μ; 2 keeps the ids whose surprise is at most μ
  /// @param target the wanted surprise, in bits per token
  /// @param rate how fast μ follows
  public record Settings(int version, double target, double rate) {
    public Settings {
      if (version != 1 && version != 2) {
        throw new IllegalArgumentException("mirostat has versions 1 and 2, not " + version);
      }
      if (!(target > 0 && target <= 64)) {
        throw new IllegalArgumentException(
            "mirostat's target must be above 0 and at most 64 bits, but is " + target);
      }
      if (!(rate > 0 && rate <= 1)) {
        throw new IllegalArgumentException(
            "mirostat's rate must be above 0 and at most 1, but is " + rate);
      }
    }
  }

  Mirostat(Settings settings) {
    this.settings = settings;
    bound = 2 * settings.target;
  }

  /// Returns μ, in bits.
  double bound() {
    return bound;
  }

  /// Weighs candidates, of which all are there, and drops some.
  void narrow(Candidates candidates, double temperature) {
    if (settings.version == 2) {
      candidates.weigh(temperature);
      candidates.dropBelow(candidates.total() * StrictMath.exp(-bound * LOG_2));
      return;
    }
    int all = candidates.size();
    candidates.sort(all);
    candidates.weigh(temperature);
    candidates.keepFirst(wanted(exponent(candidates), all));
  }

  /// Fits p of the i-th likeliest id ∝ i^-s to the likeliest ids by least squares over the ratios
  /// of neighbours.
  private static double exponent(Candidates candidates) {
    double products = 0;
    double squares = 0;
    int last = Math.min(ESTIMATED, candidates.size()) - 1;
    for (int i = 0; i < last && candidates.weight(i + 1) > 0; i++) {
      double ranks = StrictMath.log((i + 2) / (i + 1.0));
      products += ranks * StrictMath.log(candidates.weight(i) / candidates.weight(i + 1));
      squares += ranks * ranks;
    }
    return squares == 0 ? Double.POSITIVE_INFINITY : products / squares;
  }

  /// Returns how many ids have an expected surprise of μ under Zipf's law: k = (ε·2^μ / (1 -
  /// N^-ε))^(1/s), ε = s - 1.
  private int wanted(double exponent, int all) {
    double epsilon = exponent - 1;
    double power = StrictMath.exp(bound * LOG_2);
    double base =
        Math.abs(epsilon) < 1e-6
            ? power / StrictMath.log(all)
            : epsilon * power / (1 - StrictMath.exp(-epsilon * StrictMath.log(all)));
    double wanted = StrictMath.pow(base, 1 / exponent);
    return Double.isNaN(wanted) ? all : (int) Math.clamp(Math.rint(wanted), 1, all);
  }

  /// Takes note of the probability of the id that was chosen.
  void chose(double probability) {
    bound -= settings.rate * (-StrictMath.log(probability) / LOG_2 - settings.target);
  }
}
