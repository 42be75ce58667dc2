package dev.lungo.tune;

import dev.lungo.model.LlamaConfig;
import dev.lungo.model.RopeScaling;
import dev.lungo.tensor.RandomNumbers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/// The evolutionary search of LongRoPE (Ding et al. 2024, arXiv:2402.13753, algorithm 1): divisors
/// for each pair that cost the model least on long texts. It begins with those of position
/// interpolation, NTK-aware scaling and YaRN, and then mutates and crosses the best. Divisors never
/// fall from a fast pair to a slower one, as in the paper; that some first tokens are left alone,
/// its second search, is not done.
public final class LongRopeSearch {
  private static final int PARENTS = 4;
  private static final double MUTATED = 0.3;

  private final LlamaConfig config;
  private final double factor;
  private final ToDoubleFunction<RopeScaling> cost;
  private final RandomNumbers random;

  private record Candidate(List<Double> divisors, double cost) {}

  /// @param config of the model with its old context
  /// @param context the new one
  /// @param cost of a scaling on long texts, nats for example
  public LongRopeSearch(
      LlamaConfig config, int context, ToDoubleFunction<RopeScaling> cost, long seed) {
    this.config = config;
    this.factor = (double) context / config.context();
    this.cost = cost;
    random = new RandomNumbers(seed);
  }

  /// Tries about `candidates` scalings, at least the three that are known, and returns the best.
  public RopeScaling.LongRope run(int candidates) {
    int turned = config.rotaryDim();
    List<Candidate> best = new ArrayList<>();
    best.add(candidate(Collections.nCopies(turned / 2, factor)));
    best.add(candidate(ContextMethod.ntkDivisors(factor, turned)));
    best.add(candidate(yarnDivisors(turned)));
    for (int tried = best.size(); tried < candidates; tried++) {
      best.sort(Comparator.comparingDouble(Candidate::cost));
      best.subList(Math.min(PARENTS, best.size()), best.size()).clear();
      Candidate one = best.get(random.nextInt(best.size()));
      Candidate other = best.get(random.nextInt(best.size()));
      best.add(candidate(child(one.divisors, other.divisors)));
    }
    best.sort(Comparator.comparingDouble(Candidate::cost));
    return scaling(best.getFirst().divisors);
  }

  private RopeScaling.LongRope scaling(List<Double> divisors) {
    return ContextMethod.longRope(divisors, config.context(), factor);
  }

  private Candidate candidate(List<Double> divisors) {
    return new Candidate(divisors, cost.applyAsDouble(scaling(divisors)));
  }

  private List<Double> yarnDivisors(int turned) {
    double[] plain = RopeScaling.NONE.frequencies(turned, config.ropeBase(), 1);
    double[] yarn =
        new RopeScaling.Yarn(factor, config.context()).frequencies(turned, config.ropeBase(), 1);
    List<Double> divisors = new ArrayList<>();
    for (int i = 0; i < plain.length; i++) {
      divisors.add(plain[i] / yarn[i]);
    }
    return divisors;
  }

  /// Takes each divisor from either parent, changes some, and lets none fall.
  private List<Double> child(List<Double> one, List<Double> other) {
    List<Double> child = new ArrayList<>();
    double least = 1;
    for (int i = 0; i < one.size(); i++) {
      double divisor = random.nextInt(2) == 0 ? one.get(i) : other.get(i);
      if (random.nextDouble() < MUTATED) {
        divisor *= StrictMath.pow(2, random.nextDouble() - 0.5);
      }
      least = Math.clamp(divisor, least, Math.max(least, factor));
      child.add(least);
    }
    return child;
  }
}
