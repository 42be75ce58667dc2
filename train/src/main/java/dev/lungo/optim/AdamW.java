package dev.lungo.optim;

import dev.lungo.kernel.Kernels;
import dev.lungo.nn.Parameter;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101): each number moves by its gradient's
/// running mean over the root of its running mean square, and shrinks by the weight decay.
public final class AdamW implements Optimizer {
  /// How one group of parameters is trained.
  ///
  /// @param rate the learning rate at its highest
  public record Settings(
      double rate, double beta1, double beta2, double epsilon, double weightDecay) {
    public Settings {
      if (!(rate >= 0)
          || !(beta1 >= 0 && beta1 < 1)
          || !(beta2 >= 0 && beta2 < 1)
          || !(epsilon > 0)
          || !(weightDecay >= 0)) {
        throw new IllegalArgumentException(
            "adamw: rate "
                + rate
                + " and decay "
                + weightDecay
                + " must not be negative, betas "
                + beta1
                + ", "
                + beta2
                + " must be in [0, 1), epsilon "
                + epsilon
                + " above 0");
      }
    }
  }

  private record Moments(Parameter parameter, Settings settings, Tensor first, Tensor second) {}

  private final Kernels kernels;
  private final Workspace workspace = new Workspace("adamw moments");
  private final List<Moments> all = new ArrayList<>();

  public AdamW(Kernels kernels) {
    this.kernels = kernels;
  }

  /// Adds parameters to train.
  public AdamW add(List<Parameter> parameters, Settings settings) {
    for (Parameter parameter : parameters) {
      var shape = parameter.tensor().shape();
      all.add(new Moments(parameter, settings, workspace.zeros(shape), workspace.zeros(shape)));
    }
    return this;
  }

  @Override
  public void step(long step, float gradientScale, double rateFactor) {
    for (Moments moments : all) {
      Tensor value = moments.parameter.tensor();
      Tensor gradient = value.gradient().orElseThrow();
      Settings settings = moments.settings;
      kernels
          .optimizer()
          .adamW(
              value.data(),
              gradient.data(),
              moments.first.data(),
              moments.second.data(),
              value.elements(),
              gradientScale,
              (float) (settings.rate * rateFactor),
              (float) settings.beta1,
              (float) settings.beta2,
              (float) settings.epsilon,
              (float) settings.weightDecay,
              step);
    }
  }

  @Override
  public Map<String, Tensor> state() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    for (Moments moments : all) {
      state.put("adamw.first." + moments.parameter.name(), moments.first);
      state.put("adamw.second." + moments.parameter.name(), moments.second);
    }
    return state;
  }

  @Override
  public void close() {
    workspace.close();
  }
}
