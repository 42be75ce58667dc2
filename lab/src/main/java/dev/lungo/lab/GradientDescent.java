package dev.lungo.lab;

import dev.lungo.kernel.Kernels;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameters;
import dev.lungo.optim.Optimizer;
import dev.lungo.tensor.Tensor;
import java.util.Map;

/// Plain gradient descent, whose steps are as large as the gradients are: what AdamW and Muon take
/// out can be seen.
record GradientDescent(Kernels kernels, Parameters parameters, float rate) implements Optimizer {
  @Override
  public void step(long step, float gradientScale, double rateFactor) {
    for (Parameter parameter : parameters.all()) {
      Tensor value = parameter.tensor();
      kernels
          .elementwise()
          .scaleAndAdd(
              value.data(),
              1,
              value.gradient().orElseThrow().data(),
              -rate * gradientScale * (float) rateFactor,
              value.elements());
    }
  }

  @Override
  public Map<String, Tensor> state() {
    return Map.of();
  }

  @Override
  public void close() {}
}
