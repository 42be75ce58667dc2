package dev.lungo.train;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameter.Role;
import dev.lungo.optim.AdamW;
import dev.lungo.optim.Muon;
import dev.lungo.optim.Optimizer;
import java.util.ArrayList;
import java.util.List;

/// Which optimizer trains which parameters, and how fast.
public final class Recipe {
  private static final double MUON_MOMENTUM = 0.95;
  private static final int MUON_ITERATIONS = 5;

  /// Rates of what Muon does not train, as multiples of its own rate.
  private static final double EMBEDDING_RATE = 10;

  private static final double HEAD_RATE = 0.2;
  private static final double VECTOR_RATE = 0.2;

  private Recipe() {}

  /// Makes the optimizers of a run.
  public static List<Optimizer> optimizers(
      Kernels kernels, LanguageModel model, TrainingSettings settings) {
    return switch (settings.optimizer()) {
      case MUON -> muon(kernels, model, settings);
      case ADAMW -> List.of(adamW(kernels, model, settings));
    };
  }

  private static List<Optimizer> muon(
      Kernels kernels, LanguageModel model, TrainingSettings settings) {
    double rate = settings.rate();
    Muon muon =
        new Muon(
            kernels,
            withRole(model, Role.MATRIX),
            new Muon.Settings(rate, MUON_MOMENTUM, settings.weightDecay(), MUON_ITERATIONS));
    AdamW rest =
        new AdamW(kernels)
            .add(withRole(model, Role.EMBEDDING), adamSettings(rate * EMBEDDING_RATE, 0))
            .add(withRole(model, Role.HEAD), adamSettings(rate * HEAD_RATE, 0))
            .add(withRole(model, Role.SCALE, Role.BIAS), adamSettings(rate * VECTOR_RATE, 0));
    return List.of(muon, rest);
  }

  private static AdamW adamW(Kernels kernels, LanguageModel model, TrainingSettings settings) {
    return new AdamW(kernels)
        .add(
            withRole(model, Role.MATRIX, Role.EMBEDDING, Role.HEAD),
            adamSettings(settings.rate(), settings.weightDecay()))
        .add(withRole(model, Role.SCALE, Role.BIAS), adamSettings(settings.rate(), 0));
  }

  private static AdamW.Settings adamSettings(double rate, double weightDecay) {
    return new AdamW.Settings(rate, 0.9, 0.95, 1e-10, weightDecay);
  }

  private static List<Parameter> withRole(LanguageModel model, Role... roles) {
    List<Parameter> chosen = new ArrayList<>();
    for (Parameter parameter : model.parameters().all()) {
      if (List.of(roles).contains(parameter.role())) {
        chosen.add(parameter);
      }
    }
    return chosen;
  }
}
