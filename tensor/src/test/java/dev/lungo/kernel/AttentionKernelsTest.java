package dev.lungo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The vector attention against the scalar one, over awkward sizes.
class AttentionKernelsTest {
  static List<AttentionShape> shapes() {
    List<AttentionShape> shapes = new ArrayList<>();
    for (int length : new int[] {1, 7, 33, 97, 257}) {
      for (int headDim : new int[] {5, 8, 64}) {
        shapes.add(AttentionShape.training(2, length, 4, 2, headDim));
      }
      shapes.add(new AttentionShape(1, length, length, length + 3, 3, 1, 12, false, 0.4f));
      shapes.add(new AttentionShape(1, length, length + 5, length + 9, 2, 2, 16, true, 0.4f));
      shapes.add(new AttentionShape(2, 1, length, 300, 6, 2, 72, true, 0.4f));
    }
    shapes.add(AttentionShape.training(1, 520, 8, 1, 16));
    shapes.add(AttentionShape.training(1, 100, 1, 1, 160));
    return shapes;
  }

  private record Results(float[] out, float[] logSumExp, float[] dq, float[] dk, float[] dv) {}

  private static Results run(Kernels kernels, AttentionShape shape, double spread) {
    try (Workspace workspace = new Workspace("test")) {
      RandomNumbers random = new RandomNumbers(shape.hashCode());
      Shape query = Shape.of(shape.batch(), shape.queries(), shape.heads(), shape.headDim());
      Shape key = Shape.of(shape.batch(), shape.keyCapacity(), shape.kvHeads(), shape.headDim());
      Tensor q = normal(workspace, query, random, spread);
      Tensor k = normal(workspace, key, random, spread);
      Tensor v = normal(workspace, key, random, 1);
      Tensor dOut = normal(workspace, query, random, 1);
      Tensor out = workspace.zeros(query).fill(Float.NaN);
      Tensor sums = workspace.zeros(Shape.of(shape.batch(), shape.heads(), shape.queries()));
      kernels.attention().attention(shape, q.data(), k.data(), v.data(), out.data(), sums.data());
      Tensor dq = workspace.zeros(query).fill(3);
      Tensor dk = workspace.zeros(key).fill(3);
      Tensor dv = workspace.zeros(key).fill(3);
      kernels
          .attention()
          .attentionBackward(
              shape,
              dOut.data(),
              q.data(),
              k.data(),
              v.data(),
              out.data(),
              sums.data(),
              dq.data(),
              dk.data(),
              dv.data());
      return new Results(
          out.toFloats(), sums.toFloats(), dq.toFloats(), dk.toFloats(), dv.toFloats());
    }
  }

  private static Tensor normal(
      Workspace workspace, Shape shape, RandomNumbers random, double deviation) {
    Tensor tensor = workspace.zeros(shape);
    random.fillNormal(tensor, deviation);
    return tensor;
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void vectorsAgreeWithTheFormula(AttentionShape shape) {
    try (Kernels plain = new ScalarKernels(1);
        Kernels fast = KernelChoice.open(2)) {
      Results expected = run(plain, shape, 1);
      Results actual = run(fast, shape, 1);
      assertClose(actual.out, expected.out, 1e-5f);
      assertClose(actual.logSumExp, expected.logSumExp, 1e-5f);
      assertClose(actual.dq, expected.dq, 1e-4f);
      assertClose(actual.dk, expected.dk, 1e-4f);
      assertClose(actual.dv, expected.dv, 1e-4f);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void bitsDoNotDependOnTheNumberOfThreads(AttentionShape shape) {
    try (Kernels one = KernelChoice.open(1);
        Kernels three = KernelChoice.open(3)) {
      Results expected = run(one, shape, 1);
      Results actual = run(three, shape, 1);
      assertThat(actual.out).containsExactly(expected.out);
      assertThat(actual.dq).containsExactly(expected.dq);
      assertThat(actual.dk).containsExactly(expected.dk);
      assertThat(actual.dv).containsExactly(expected.dv);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void scoresInTheHundredsDoNotOverflow(AttentionShape shape) {
    try (Kernels plain = new ScalarKernels(1);
        Kernels fast = KernelChoice.open(1)) {
      Results expected = run(plain, shape, 12);
      Results actual = run(fast, shape, 12);
      assertClose(actual.out, expected.out, 2e-3f);
      for (float value : actual.dq) {
        assertThat(value).isFinite();
      }
    }
  }

  private static void assertClose(float[] actual, float[] expected, float tolerance) {
    float largest = 1;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).as("at %d", i).isCloseTo(expected[i], within(tolerance * largest));
    }
  }
}
