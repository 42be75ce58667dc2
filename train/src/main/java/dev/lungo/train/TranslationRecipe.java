package dev.lungo.train;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameter.Role;
import dev.lungo.optim.AdamW;
import dev.lungo.optim.InverseRootSchedule;
import dev.lungo.optim.Muon;
import dev.lungo.optim.Optimizer;
import dev.lungo.train.TranslationSettings.RateSchedule;
import java.util.ArrayList;
import java.util.List;

/// Which optimizer trains which parameters of an encoder–decoder, and how fast.
final class TranslationRecipe {
  private static final double MUON_MOMENTUM = 0.95;
  private static final int MUON_ITERATIONS = 5;

  /// The rate of what Muon does not train, as a multiple of its own: tables whose numbers are about
  /// width^-0.5, the projection to the vocabulary among them.
  private static final double OTHER_RATE = 0.15;

  /// The paper's (section 5.3).
  private static final double BETA_1 = 0.9;

  private static final double BETA_2 = 0.98;
  private static final double EPSILON = 1e-9;

  private TranslationRecipe() {}

  static List<Optimizer> optimizers(
      Kernels kernels, EncoderDecoder model, TranslationSettings settings) {
    double rate = rate(settings);
    List<Parameter> matrices = new ArrayList<>();
    List<Parameter> others = new ArrayList<>();
    for (Parameter parameter : model.parameters().all()) {
      (parameter.role() == Role.MATRIX ? matrices : others).add(parameter);
    }
    return switch (settings.optimizer()) {
      case MUON ->
          List.of(
              new Muon(
                  kernels,
                  matrices,
                  new Muon.Settings(rate, MUON_MOMENTUM, settings.weightDecay(), MUON_ITERATIONS)),
              new AdamW(kernels).add(others, adam(rate * OTHER_RATE, 0)));
      case ADAMW ->
          List.of(
              new AdamW(kernels)
                  .add(matrices, adam(rate, settings.weightDecay()))
                  .add(others, adam(rate, 0)));
    };
  }

  /// Returns the highest rate of a run.
  static double rate(TranslationSettings settings) {
    return settings.schedule() == RateSchedule.INVERSE_ROOT
        ? settings.rate() * new InverseRootSchedule(settings.width(), settings.warmup()).peak()
        : settings.rate();
  }

  private static AdamW.Settings adam(double rate, double weightDecay) {
    return new AdamW.Settings(rate, BETA_1, BETA_2, EPSILON, weightDecay);
  }
}
