package dev.lungo.op;

import dev.lungo.kernel.Kernels;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Optional;

/// One pass through a model: the kernels that compute, the workspace that holds results, and, in
/// training, the tape.
///
/// Inference is the default: a pass made by [#inference] records nothing.
public final class Pass {
  private final Kernels kernels;
  private final Workspace workspace;
  private final Optional<Tape> tape;
  private final Optional<Observer> observer;

  /// Sees the named intermediate values of a model as they are computed.
  @FunctionalInterface
  public interface Observer {
    void observe(String name, Tensor value);
  }

  private Pass(
      Kernels kernels, Workspace workspace, Optional<Tape> tape, Optional<Observer> observer) {
    this.kernels = kernels;
    this.workspace = workspace;
    this.tape = tape;
    this.observer = observer;
  }

  /// Starts a pass that records nothing.
  public static Pass inference(Kernels kernels, Workspace workspace) {
    return new Pass(kernels, workspace, Optional.empty(), Optional.empty());
  }

  /// Starts a pass that records nothing and shows its intermediate values.
  public static Pass observed(Kernels kernels, Workspace workspace, Observer observer) {
    return new Pass(kernels, workspace, Optional.empty(), Optional.of(observer));
  }

  /// Starts a pass that can be followed by [#backward].
  public static Pass training(Kernels kernels, Workspace workspace) {
    return new Pass(kernels, workspace, Optional.of(new Tape()), Optional.empty());
  }

  /// Starts a pass that can be followed by [#backward] and shows its intermediate values, whose
  /// gradients are then known.
  public static Pass observedTraining(Kernels kernels, Workspace workspace, Observer observer) {
    return new Pass(kernels, workspace, Optional.of(new Tape()), Optional.of(observer));
  }

  public Kernels kernels() {
    return kernels;
  }

  public Workspace workspace() {
    return workspace;
  }

  /// Says whether operations are recorded: true in training.
  public boolean records() {
    return tape.isPresent();
  }

  /// Shows an intermediate value to the observer, if there is one.
  public void observe(String name, Tensor value) {
    observer.ifPresent(present -> present.observe(name, value));
  }

  /// Shows an intermediate value of one layer, named `prefix + layer + suffix`.
  public void observe(String prefix, int layer, String suffix, Tensor value) {
    observer.ifPresent(present -> present.observe(prefix + layer + suffix, value));
  }

  /// Allocates a float32 result; its contents are undefined.
  public Tensor allocate(Shape shape) {
    return workspace.allocate(shape, DType.FLOAT32);
  }

  /// Allocates a float32 result; its contents are undefined.
  public Tensor allocate(int... dimensions) {
    return workspace.allocate(dimensions);
  }

  /// Records a step if this pass records, and marks its output as one whose gradient is wanted.
  ///
  /// Operations call this only if an input requires a gradient.
  void record(Tape.Step step) {
    tape.ifPresent(recording -> {
      step.output().requireGradient();
      recording.add(step);
    });
  }

  /// Computes the gradients of `loss` with respect to every tensor that requires one, adding to
  /// what parameters hold.
  ///
  /// @param loss a single number that this pass computed
  public void backward(Tensor loss) {
    if (loss.elements() != 1) {
      throw new IllegalArgumentException(
          "backward: the loss must be one number, but is " + loss.shape());
    }
    backward(loss, workspace.allocate(loss.shape(), DType.FLOAT32).fill(1));
  }

  /// Computes gradients from a given gradient of `output`, for outputs that are not a loss.
  public void backward(Tensor output, Tensor dOutput) {
    Tape recording =
        tape.orElseThrow(() ->
            new IllegalStateException(
                "backward: this pass records nothing; start it by Pass.training"));
    output.setGradient(dOutput);
    recording.backward(this);
  }

  /// Returns the gradient of `x` to add to: what is there, or zeros.
  Tensor gradient(Tensor x) {
    Tensor present = x.gradient().orElse(null);
    if (present != null) {
      return present;
    }
    Tensor zeros = workspace.zeros(x.shape());
    x.setGradient(zeros);
    return zeros;
  }

  /// Returns the gradient of `x` to add to or, where none is wanted as with frozen parameters,
  /// memory that nobody reads.
  Tensor gradientOrScratch(Tensor x) {
    return x.requiresGradient() ? gradient(x) : workspace.zeros(x.shape());
  }

  /// Returns the gradient of `x` for a kernel that can overwrite: undefined contents when `x` had
  /// none.
  Tensor gradientToOverwrite(Tensor x) {
    Tensor fresh = allocate(x.shape());
    x.setGradient(fresh);
    return fresh;
  }

  /// Adds `value` to the gradient of `x`.
  void addToGradient(Tensor x, Tensor value) {
    Tensor present = x.gradient().orElse(null);
    if (present == null) {
      gradientToOverwrite(x).copyFrom(value);
    } else {
      kernels.elementwise().scaleAndAdd(present.data(), 1, value.data(), 1, x.elements());
    }
  }
}
