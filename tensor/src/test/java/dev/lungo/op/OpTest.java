package dev.lungo.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.ScalarKernels;
import dev.lungo.op.OpCases.Case;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every operation of the catalogue against its formula, and its gradients against finite
/// differences of the formula in float64, with every implementation of the kernels.
class OpTest {
  private static final List<Kernels> IMPLEMENTATIONS =
      List.of(new ScalarKernels(1), KernelChoice.open(2));
  private static final double STEP = 1e-5;

  @AfterAll
  static void closeKernels() {
    IMPLEMENTATIONS.forEach(Kernels::close);
  }

  static Stream<Arguments> cases() {
    return OpCases.all().stream()
        .flatMap(c -> IMPLEMENTATIONS.stream().map(kernels -> Arguments.of(c, kernels)));
  }

  @ParameterizedTest(autoCloseArguments = false)
  @MethodSource("cases")
  void valueEqualsTheFormula(Case c, Kernels kernels) {
    try (Workspace workspace = new Workspace("test")) {
      double[][] inputs = c.inputs(1);
      Tensor out =
          c.operation().apply(Pass.inference(kernels, workspace), tensors(c, inputs, workspace));
      assertClose(out.toFloats(), c.formula().apply(inputs), c + " value");
    }
  }

  @ParameterizedTest(autoCloseArguments = false)
  @MethodSource("cases")
  void gradientsEqualFiniteDifferences(Case c, Kernels kernels) {
    try (Workspace workspace = new Workspace("test")) {
      double[][] inputs = c.inputs(2);
      Tensor[] tensors = tensors(c, inputs, workspace);
      for (Tensor tensor : tensors) {
        tensor.requireGradient();
      }
      Pass pass = Pass.training(kernels, workspace);
      Tensor out = c.operation().apply(pass, tensors);
      double[] direction = direction(out);
      pass.backward(out, workspace.allocate(out.shape(), out.type()).set(floats(direction)));
      for (int i = 0; i < tensors.length; i++) {
        float[] gradient = tensors[i].gradient().orElseThrow().toFloats();
        assertClose(gradient, differences(c, inputs, i, direction), c + " gradient of input " + i);
      }
    }
  }

  @ParameterizedTest(autoCloseArguments = false)
  @MethodSource("cases")
  void gradientsAddToWhatIsThere(Case c, Kernels kernels) {
    try (Workspace workspace = new Workspace("test")) {
      double[][] inputs = c.inputs(3);
      Tensor[] once = gradients(c, inputs, kernels, workspace, 0);
      Tensor[] onTop = gradients(c, inputs, kernels, workspace, 10);
      for (int i = 0; i < once.length; i++) {
        double[] expected = new double[Math.toIntExact(once[i].elements())];
        for (int j = 0; j < expected.length; j++) {
          expected[j] = once[i].at(j) + 10.0;
        }
        assertClose(onTop[i].toFloats(), expected, c + " accumulated gradient of input " + i);
      }
    }
  }

  private static Tensor[] gradients(
      Case c, double[][] inputs, Kernels kernels, Workspace workspace, float start) {
    Tensor[] tensors = tensors(c, inputs, workspace);
    for (Tensor tensor : tensors) {
      tensor.requireGradient().setGradient(workspace.zeros(tensor.shape()).fill(start));
    }
    Pass pass = Pass.training(kernels, workspace);
    Tensor out = c.operation().apply(pass, tensors);
    pass.backward(out, workspace.allocate(out.shape(), out.type()).set(floats(direction(out))));
    return Stream.of(tensors).map(t -> t.gradient().orElseThrow()).toArray(Tensor[]::new);
  }

  private static double[] direction(Tensor out) {
    RandomNumbers random = new RandomNumbers(99);
    double[] direction = new double[Math.toIntExact(out.elements())];
    for (int i = 0; i < direction.length; i++) {
      direction[i] = (float) random.nextGaussian();
    }
    return direction;
  }

  private static double[] differences(Case c, double[][] inputs, int input, double[] direction) {
    double[] slopes = new double[inputs[input].length];
    for (int j = 0; j < slopes.length; j++) {
      double kept = inputs[input][j];
      inputs[input][j] = kept + STEP;
      double above = dot(c.formula().apply(inputs), direction);
      inputs[input][j] = kept - STEP;
      double below = dot(c.formula().apply(inputs), direction);
      inputs[input][j] = kept;
      slopes[j] = (above - below) / (2 * STEP);
    }
    return slopes;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static Tensor[] tensors(Case c, double[][] inputs, Workspace workspace) {
    Tensor[] tensors = new Tensor[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      tensors[i] = workspace.zeros(c.shapes().get(i)).set(floats(inputs[i]));
    }
    return tensors;
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  private static void assertClose(float[] actual, double[] expected, String what) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    double largest = 1;
    for (double value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i])
          .as("%s at %d", what, i)
          .isCloseTo(expected[i], within(2e-5 * largest));
    }
  }
}
