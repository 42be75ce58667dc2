package dev.lungo.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.AttentionKernels;
import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.Parallel;
import dev.lungo.kernel.vector.VectorAttention.BlockSizes;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Attention does not depend on how many queries and keys meet at once.
class AttentionBlockSizesTest {
  private static final int LENGTH = 150;

  @Test
  void everyBlockSizeGivesTheSameAttention() {
    int rows = RegisterTile.ROWS;
    int columns = RegisterTile.COLUMNS;
    List<BlockSizes> sizes =
        List.of(
            new BlockSizes(columns, rows, columns, rows),
            new BlockSizes(3 * columns, 5 * rows, 2 * columns, 7 * rows),
            new BlockSizes(1024, 40 * rows, 256 / columns * columns, 40 * rows));
    for (String pattern :
        List.of(
            "causal", "everything", "window:31", "strided:12", "fixed:16", "sinks:4,window:9")) {
      AttentionShape shape =
          AttentionShape.training(1, LENGTH, 4, 2, 12)
              .with(AttentionPattern.parse(pattern))
              .withAlibi();
      try (Parallel parallel = new Parallel(2)) {
        List<float[]> expected = run(new VectorAttention(parallel), shape);
        for (BlockSizes size : sizes) {
          VectorAttention second = new VectorAttention(parallel, size);
          assertSame(run(second, shape), expected, pattern + " " + size);
          FlashAttention1 first = new FlashAttention1(parallel, second, size.forwardKeys());
          assertSame(run(first, shape), expected, pattern + ", the first, " + size);
        }
      }
    }
  }

  private static List<float[]> run(AttentionKernels kernels, AttentionShape shape) {
    try (Workspace workspace = new Workspace("test")) {
      RandomNumbers random = new RandomNumbers(6);
      List<Tensor> tensors = new ArrayList<>();
      for (int heads : new int[] {shape.heads(), shape.kvHeads(), shape.kvHeads(), shape.heads()}) {
        Tensor tensor = workspace.zeros(Shape.of(1, LENGTH, heads, shape.headDim()));
        random.fillNormal(tensor, 1);
        tensors.add(tensor);
      }
      Tensor q = tensors.get(0);
      Tensor k = tensors.get(1);
      Tensor v = tensors.get(2);
      Tensor out = workspace.zeros(q.shape());
      Tensor sums = workspace.zeros(Shape.of(1, shape.heads(), LENGTH));
      kernels.attention(shape, q.data(), k.data(), v.data(), out.data(), sums.data());
      Tensor dq = workspace.zeros(q.shape());
      Tensor dk = workspace.zeros(k.shape());
      Tensor dv = workspace.zeros(k.shape());
      kernels.attentionBackward(
          shape,
          tensors.get(3).data(),
          q.data(),
          k.data(),
          v.data(),
          out.data(),
          sums.data(),
          dq.data(),
          dk.data(),
          dv.data());
      return List.of(out.toFloats(), dq.toFloats(), dk.toFloats(), dv.toFloats());
    }
  }

  private static void assertSame(List<float[]> actual, List<float[]> expected, String what) {
    for (int i = 0; i < actual.size(); i++) {
      for (int j = 0; j < actual.get(i).length; j++) {
        assertThat(actual.get(i)[j])
            .as("%s: result %d at %d", what, i, j)
            .isCloseTo(expected.get(i)[j], within(i == 0 ? 1e-5f : 1e-4f));
      }
    }
  }
}
