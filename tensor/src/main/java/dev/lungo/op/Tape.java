package dev.lungo.op;

import dev.lungo.tensor.Tensor;
import java.util.ArrayList;

/// The operations of one pass in the order they ran, to be walked backwards (reverse-mode
/// differentiation).
public final class Tape {
  /// What an operation saved, and how it passes the gradient of its output on to its inputs.
  public interface Step {
    /// Returns the tensor whose gradient starts the step.
    Tensor output();

    /// Adds to the gradients of the inputs.
    ///
    /// @param dOut the gradient of the loss with respect to [#output]
    void backward(Pass pass, Tensor dOut);
  }

  private final ArrayList<Step> steps = new ArrayList<>();

  void add(Step step) {
    steps.add(step);
  }

  /// Walks back over all steps and forgets them. Steps that the loss does not depend on are passed
  /// over.
  void backward(Pass pass) {
    for (int i = steps.size() - 1; i >= 0; i--) {
      Step step = steps.get(i);
      Tensor dOut = step.output().gradient().orElse(null);
      if (dOut != null) {
        step.backward(pass, dOut);
      }
    }
    steps.clear();
  }

  void clear() {
    steps.clear();
  }
}
