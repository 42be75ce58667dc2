package dev.lungo.optim;

import dev.lungo.tensor.Tensor;
import java.util.Map;

/// Changes parameters by their gradients.
public interface Optimizer extends AutoCloseable {
  /// Takes one step.
  ///
  /// @param step how many steps were taken, this one included
  /// @param gradientScale what gradients are multiplied by first, below 1 when they are clipped
  /// @param rateFactor the schedule's factor of the learning rate
  void step(long step, float gradientScale, double rateFactor);

  /// Returns what a checkpoint must hold beside the parameters, by names that no parameter has.
  Map<String, Tensor> state();

  /// Gives the moments' memory back.
  @Override
  void close();
}
