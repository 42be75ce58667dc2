package dev.lungo.bench;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.op.Pass;
import dev.lungo.op.Recurrent;
import dev.lungo.op.Recurrent.Weights;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Our side of the comparison of recurrent layers.
final class LungoRecurrent implements AutoCloseable {
  private final RecurrentCase sizes;
  private final Kernels kernels;
  private final Workspace memory = new Workspace("inputs");
  private final Workspace workspace = new Workspace("step");
  private final Tensor x;
  private final Tensor dOutput;
  private final List<Weights> layers = new ArrayList<>();
  private final List<Tensor> learned = new ArrayList<>();

  LungoRecurrent(RecurrentCase sizes, int threads, List<float[]> inputs) {
    this.sizes = sizes;
    kernels = KernelChoice.open(threads);
    int width = sizes.width();
    int rows = sizes.cell().gates() * width;
    Shape states = Shape.of(sizes.steps(), sizes.batch(), width);
    x = learn(states, inputs.get(0));
    dOutput = memory.zeros(states).set(inputs.get(1));
    for (int layer = 0; layer < sizes.layers(); layer++) {
      List<float[]> values = inputs.subList(2 + 4 * layer, 6 + 4 * layer);
      float[] bias = values.get(2).clone();
      float[] second = values.get(3);
      boolean gru = sizes.cell() == Cell.GRU;
      // Two biases that are added are one here.
      for (int i = 0; i < (gru ? 2 * width : rows); i++) {
        bias[i] += second[i];
      }
      layers.add(
          new Weights(
              learn(Shape.of(rows, width), values.get(0)),
              learn(Shape.of(rows, width), values.get(1)),
              learn(Shape.of(rows), bias),
              gru
                  ? Optional.of(
                      learn(Shape.of(width), Arrays.copyOfRange(second, 2 * width, 3 * width)))
                  : Optional.empty()));
    }
  }

  private Tensor learn(Shape shape, float[] values) {
    Tensor tensor = memory.zeros(shape).set(values).requireGradient();
    tensor.setGradient(memory.zeros(shape));
    learned.add(tensor);
    return tensor;
  }

  /// Goes forward and back `count` times and returns the seconds of one.
  double seconds(int count) {
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      step();
    }
    return (System.nanoTime() - start) / 1e9 / count;
  }

  private Tensor step() {
    workspace.reset();
    for (Tensor tensor : learned) {
      tensor.gradient().orElseThrow().data().fill((byte) 0);
    }
    Pass pass = Pass.training(kernels, workspace);
    Tensor h = x;
    for (Weights weights : layers) {
      h = Recurrent.recurrent(pass, sizes.cell(), h, weights, Optional.empty()).hidden();
    }
    // The backward pass works in the memory that it is given.
    pass.backward(h, pass.allocate(h.shape()).copyFrom(dOutput));
    return h;
  }

  /// Returns what one step comes to, in the order of [RecurrentCase].
  List<float[]> results() {
    List<float[]> results = new ArrayList<>();
    results.add(step().toFloats());
    results.add(gradient(x));
    int width = sizes.width();
    for (Weights weights : layers) {
      results.add(gradient(weights.input()));
      results.add(gradient(weights.hidden()));
      float[] bias = gradient(weights.bias());
      results.add(bias);
      float[] second = bias.clone();
      weights
          .hiddenBias()
          .ifPresent(inner -> System.arraycopy(gradient(inner), 0, second, 2 * width, width));
      results.add(second);
    }
    return results;
  }

  private static float[] gradient(Tensor tensor) {
    return tensor.gradient().orElseThrow().toFloats();
  }

  @Override
  public void close() {
    workspace.close();
    memory.close();
    kernels.close();
  }
}
