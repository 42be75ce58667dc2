package dev.lungo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every algorithm of the vector attention against the scalar one, over awkward sizes.
class AttentionKernelsTest {
  private static final Kernels FORMULA = new ScalarKernels(2);
  private static final Kernels FAST = KernelChoice.open(2);
  private static final List<Kernels> ALGORITHMS =
      Stream.of(AttentionAlgorithm.values()).map(FAST::with).toList();

  @AfterAll
  static void close() {
    FORMULA.close();
    FAST.close();
  }

  /// One of every kind.
  private static List<AttentionShape> fewShapes() {
    List<AttentionShape> shapes = new ArrayList<>();
    shapes.add(AttentionShape.training(2, 97, 4, 2, 8));
    shapes.add(limited(130, 330, 40, 1.5f).withAlibi());
    shapes.add(limited(1, 330, 40, 1.5f).withAlibi());
    shapes.add(AttentionShape.cross(2, 33, 150, 2, 2, 16).withKeyLengths(List.of(1, 150)));
    for (AttentionPattern pattern : sparse(97)) {
      shapes.add(AttentionShape.training(1, 97, 4, 2, 8).with(pattern));
    }
    return shapes;
  }

  static List<AttentionShape> shapes() {
    List<AttentionShape> shapes = new ArrayList<>();
    for (int length : new int[] {1, 7, 33, 257}) {
      for (int headDim : new int[] {5, 8, 64}) {
        shapes.add(AttentionShape.training(2, length, 4, 2, headDim));
      }
      shapes.add(new AttentionShape(1, length, length, length + 3, 3, 1, 12, false, 0.4f));
      shapes.add(new AttentionShape(1, length, length + 5, length + 9, 2, 2, 16, true, 0.4f));
      shapes.add(new AttentionShape(2, 1, length, 300, 6, 2, 72, true, 0.4f));
      for (int window : new int[] {1, 13, 256}) {
        shapes.add(limited(length, length, window, AttentionShape.UNCAPPED));
        shapes.add(limited(1, length, window, 1.5f));
      }
      shapes.add(limited(length, length + 205, 40, AttentionShape.UNCAPPED));
      shapes.add(limited(length, length + 5, AttentionShape.UNLIMITED, 0.7f));
      shapes.add(new AttentionShape(1, length, 50, 55, 2, 1, 9, false, 0.4f, Integer.MAX_VALUE, 2));
    }
    for (int length : new int[] {1, 7, 33, 257}) {
      shapes.add(AttentionShape.training(1, length, 6, 3, 8).withAlibi());
      shapes.add(limited(length, length + 3, 20, 1.5f).withAlibi());
      shapes.add(limited(1, length, 20, 0.7f).withAlibi());
      shapes.add(AttentionShape.cross(2, length, 50, 2, 1, 9).withKeyLengths(List.of(50, 3)));
      shapes.add(AttentionShape.cross(2, 33, length, 2, 2, 16).withKeyLengths(List.of(1, length)));
      shapes.add(AttentionShape.cross(1, length, length, 4, 4, 8).withAlibi());
      shapes.add(AttentionShape.training(1, length, 2, 2, 8).withKeyLengths(List.of(length)));
      for (AttentionPattern pattern : sparse(length)) {
        shapes.add(AttentionShape.training(1, length, 4, 2, 8).with(pattern));
        shapes.add(limited(1, length, 9, 1.5f).with(pattern).withAlibi());
        if (length < 257) {
          shapes.add(limited(length, length, 9, 1.5f).with(pattern).withAlibi());
        }
      }
    }
    // Many heads of few queries share keys and values; stretches of a long cache are merged.
    for (int keys : new int[] {12, 257, 6200}) {
      for (int queries : new int[] {1, 3, 12}) {
        shapes.add(new AttentionShape(1, queries, keys, keys + 2, 8, 1, 12, true, 0.4f));
      }
      shapes.add(new AttentionShape(2, 2, keys, keys, 40, 1, 8, true, 0.4f, 7, 1.5f).withAlibi());
      shapes.add(new AttentionShape(1, 2, keys, keys, 16, 2, 8, false, 0.4f).withAlibi());
    }
    shapes.add(limited(700, 700, 33, 1.5f));
    shapes.add(AttentionShape.training(1, 520, 8, 1, 16));
    shapes.add(AttentionShape.training(1, 100, 1, 1, 160));
    return shapes;
  }

  private static List<AttentionPattern> sparse(int length) {
    List<AttentionPattern> patterns = new ArrayList<>();
    for (String text :
        List.of(
            "strided:5",
            "strided:40",
            "fixed:24,summary:3",
            "fixed:7",
            "global:3,window:20",
            "everything,global:9,window:21",
            "sinks:4,window:30",
            "sinks:20,window:1")) {
      patterns.add(AttentionPattern.parse(text));
    }
    if (length <= 5 * 52) {
      patterns.add(AttentionPattern.parse("blocks:52,1/01/101/1011/00111"));
      patterns.add(AttentionPattern.parse("everything,blocks:52,11/11/101/1011/10101"));
    }
    return patterns;
  }

  private static AttentionShape limited(int queries, int keys, int window, float softCap) {
    return new AttentionShape(1, queries, keys, keys + 3, 4, 2, 8, true, 0.4f, window, softCap);
  }

  private record Results(float[] out, float[] logSumExp, float[] dq, float[] dk, float[] dv) {}

  private static Results run(Kernels kernels, AttentionShape shape, double spread) {
    return run(kernels, shape, spread, shape.hashCode());
  }

  private static Results run(Kernels kernels, AttentionShape shape, double spread, long seed) {
    try (Workspace workspace = new Workspace("test")) {
      RandomNumbers random = new RandomNumbers(seed);
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
  void everyAlgorithmAgreesWithTheFormula(AttentionShape shape) {
    Results expected = run(FORMULA, shape, 1);
    for (Kernels algorithm : ALGORITHMS) {
      assertSame(run(algorithm, shape, 1), expected);
    }
  }

  @Test
  void theScalarKernelsHaveThePlainAlgorithmToo() {
    for (AttentionShape shape : fewShapes()) {
      assertSame(run(FORMULA.with(AttentionAlgorithm.PLAIN), shape, 1), run(FORMULA, shape, 1));
    }
  }

  @Test
  void aWindowAsLongAsTheTextIsNone() {
    for (int length : new int[] {1, 7, 33, 257}) {
      AttentionShape all = AttentionShape.training(1, length, 2, 1, 8);
      AttentionShape window = all.with(new AttentionPattern.Window(length));
      for (AttentionAlgorithm algorithm : AttentionAlgorithm.values()) {
        Results expected = run(FAST.with(algorithm), all, 1, 5);
        Results actual = run(FAST.with(algorithm), window, 1, 5);
        assertThat(actual.out).isEqualTo(expected.out);
        assertThat(actual.dq).isEqualTo(expected.dq);
        assertThat(actual.dk).isEqualTo(expected.dk);
        assertThat(actual.dv).isEqualTo(expected.dv);
      }
    }
  }

  /// Multi-query attention is multi-head attention whose heads all have the same keys and values.
  @Test
  void oneKeyValueHeadIsThatHeadRepeated() {
    int length = 50;
    int heads = 4;
    int headDim = 8;
    AttentionShape one = AttentionShape.training(1, length, heads, 1, headDim);
    AttentionShape all = AttentionShape.training(1, length, heads, heads, headDim);
    for (AttentionAlgorithm algorithm : AttentionAlgorithm.values()) {
      try (Workspace workspace = new Workspace("test")) {
        RandomNumbers random = new RandomNumbers(8);
        Tensor q = normal(workspace, Shape.of(1, length, heads, headDim), random, 1);
        Tensor k = normal(workspace, Shape.of(1, length, 1, headDim), random, 1);
        Tensor v = normal(workspace, Shape.of(1, length, 1, headDim), random, 1);
        float[] shared = forward(FAST.with(algorithm), workspace, one, q, k, v);
        Tensor repeatedK = repeated(workspace, k, heads);
        Tensor repeatedV = repeated(workspace, v, heads);
        assertClose(
            forward(FAST.with(algorithm), workspace, all, q, repeatedK, repeatedV), shared, 1e-6f);
      }
    }
  }

  private static Tensor repeated(Workspace workspace, Tensor rows, int times) {
    int length = rows.shape().dimension(1);
    int headDim = rows.shape().width();
    float[] from = rows.toFloats();
    float[] to = new float[from.length * times];
    for (int i = 0; i < length * times; i++) {
      System.arraycopy(from, i / times * headDim, to, i * headDim, headDim);
    }
    return workspace.zeros(Shape.of(1, length, times, headDim)).set(to);
  }

  private static float[] forward(
      Kernels kernels, Workspace workspace, AttentionShape shape, Tensor q, Tensor k, Tensor v) {
    Tensor out = workspace.zeros(q.shape());
    Tensor sums = workspace.zeros(Shape.of(shape.batch(), shape.heads(), shape.queries()));
    kernels.attention().attention(shape, q.data(), k.data(), v.data(), out.data(), sums.data());
    return out.toFloats();
  }

  private static void assertSame(Results actual, Results expected) {
    assertClose(actual.out, expected.out, 1e-5f);
    assertClose(actual.logSumExp, expected.logSumExp, 1e-5f);
    assertClose(actual.dq, expected.dq, 1e-4f);
    assertClose(actual.dk, expected.dk, 1e-4f);
    assertClose(actual.dv, expected.dv, 1e-4f);
  }

  @Test
  void bitsDoNotDependOnTheNumberOfThreads() {
    try (Kernels one = KernelChoice.open(1);
        Kernels three = KernelChoice.open(3)) {
      for (AttentionAlgorithm algorithm : AttentionAlgorithm.values()) {
        for (AttentionShape shape : fewShapes()) {
          Results expected = run(one.with(algorithm), shape, 1);
          Results actual = run(three.with(algorithm), shape, 1);
          assertThat(actual.out).as("%s %s", algorithm, shape).isEqualTo(expected.out);
          assertThat(actual.dq).as("%s %s", algorithm, shape).isEqualTo(expected.dq);
          assertThat(actual.dk).as("%s %s", algorithm, shape).isEqualTo(expected.dk);
          assertThat(actual.dv).as("%s %s", algorithm, shape).isEqualTo(expected.dv);
        }
      }
    }
  }

  @Test
  void scoresInTheHundredsDoNotOverflow() {
    for (AttentionShape shape : fewShapes()) {
      Results expected = run(FORMULA, shape, 12);
      for (AttentionAlgorithm algorithm : AttentionAlgorithm.values()) {
        Results actual = run(FAST.with(algorithm), shape, 12);
        assertClose(actual.out, expected.out, 2e-3f);
        for (float value : actual.dq) {
          if (!Float.isFinite(value)) {
            assertThat(value).as("%s %s", algorithm, shape).isFinite();
          }
        }
      }
    }
  }

  /// What no query sees is not even read.
  @Test
  void keysBeforeEveryWindowAreNotTouched() {
    for (String name : KernelChoice.names()) {
      try (Kernels kernels = KernelChoice.open(name, 2);
          Workspace workspace = new Workspace("test")) {
        for (int queries : new int[] {1, 3, 20, 130}) {
          int keys = 400;
          AttentionShape shape =
              new AttentionShape(1, queries, keys, keys, 1, 1, 8, true, 0.3f, 7, 3);
          RandomNumbers random = new RandomNumbers(3);
          Tensor q = normal(workspace, Shape.of(1, queries, 1, 8), random, 1);
          Tensor k = normal(workspace, Shape.of(1, keys, 1, 8), random, 1);
          Tensor v = normal(workspace, Shape.of(1, keys, 1, 8), random, 1);
          int unseen = shape.hiddenKeys(0);
          k.view(keys, 8).rows(0, unseen).fill(Float.NaN);
          v.view(keys, 8).rows(0, unseen).fill(Float.NaN);
          Tensor out = workspace.zeros(q.shape());
          Tensor sums = workspace.zeros(Shape.of(queries));
          kernels
              .attention()
              .attention(shape, q.data(), k.data(), v.data(), out.data(), sums.data());
          for (float value : out.toFloats()) {
            assertThat(value).as("%s, %d queries", name, queries).isFinite();
          }
        }
      }
    }
  }

  /// A mistake must be seen, and only where it matters.
  @Test
  void whatIsNoNumberReachesTheQueriesThatSeeIt() {
    for (String name : KernelChoice.names()) {
      try (Kernels kernels = KernelChoice.open(name, 2)) {
        for (AttentionAlgorithm algorithm : AttentionAlgorithm.values()) {
          for (int kvHeads : new int[] {1, 4, 16}) {
            for (int queries : new int[] {1, 3, 20, 130}) {
              assertNoNumberIsSeen(kernels.with(algorithm), queries, kvHeads, 140, 138);
            }
            // Long enough to be cut into stretches.
            assertNoNumberIsSeen(kernels.with(algorithm), 2, kvHeads, 5000, 7);
          }
        }
      }
    }
  }

  private static void assertNoNumberIsSeen(
      Kernels kernels, int queries, int kvHeads, int keys, int wrong) {
    int width = 16 * 16;
    AttentionShape shape = new AttentionShape(1, queries, keys, keys, 16, kvHeads, 16, true, 0.25f);
    try (Workspace workspace = new Workspace("test")) {
      RandomNumbers random = new RandomNumbers(3);
      Tensor q = normal(workspace, Shape.of(1, queries, 16, 16), random, 1);
      Tensor k = normal(workspace, Shape.of(1, keys, kvHeads, 16), random, 1);
      Tensor v = normal(workspace, Shape.of(1, keys, kvHeads, 16), random, 1);
      k.view(keys, kvHeads * 16).rows(wrong, wrong + 1).fill(Float.NaN);
      Tensor out = workspace.zeros(q.shape());
      Tensor sums = workspace.zeros(Shape.of(16, queries));
      kernels.attention().attention(shape, q.data(), k.data(), v.data(), out.data(), sums.data());
      float[] values = out.toFloats();
      for (int query = 0; query < queries; query++) {
        assertThat(Float.isNaN(values[query * width + width - 1]))
            .as("%s, %s, query %d", kernels.description(), shape, query)
            .isEqualTo(shape.position(query) >= wrong);
      }
    }
  }

  @Test
  void impossibleWindowsAndCapsAreRefused() {
    assertThatThrownBy(() -> limited(3, 3, 0, 1)).hasMessageContaining("window 0");
    assertThatThrownBy(() -> limited(3, 3, -1, 1)).hasMessageContaining("window -1");
    assertThatThrownBy(() -> limited(3, 3, 2, Float.NaN)).hasMessageContaining("NaN");
    assertThatThrownBy(() -> limited(3, 3, 2, 0)).hasMessageContaining("soft cap");
    assertThatThrownBy(() -> new AttentionShape(1, 2, 2, 2, 1, 1, 4, false, 1, 2, 1))
        .hasMessageContaining("causal");
  }

  private static void assertClose(float[] actual, float[] expected, float tolerance) {
    float largest = 1;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < actual.length; i++) {
      // AssertJ only where it has something to say: it would take most of the time.
      if (!(Math.abs(actual[i] - expected[i]) <= tolerance * largest)) {
        assertThat(actual[i]).as("at %d", i).isCloseTo(expected[i], within(tolerance * largest));
      }
    }
  }
}
