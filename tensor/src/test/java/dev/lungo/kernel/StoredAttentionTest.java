package dev.lungo.kernel;

import dev.lungo.quant.BlockFormat;
import dev.lungo.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention to keys and values in block formats, against the formula in float64 on the decoded
/// numbers.
final class StoredAttentionTest extends KernelContract {
  static Stream<Arguments> cases() {
    List<AttentionShape> shapes =
        List.of(
            new AttentionShape(1, 1, 1, 1, 4, 4, 8, true, 0.35f),
            new AttentionShape(2, 1, 70, 80, 8, 4, 8, true, 0.35f),
            new AttentionShape(1, 5, 33, 33, 6, 2, 48, true, 0.14f),
            new AttentionShape(2, 12, 64, 65, 4, 1, 64, true, 0.125f),
            new AttentionShape(1, 3, 100, 100, 2, 2, 16, false, 0.25f),
            new AttentionShape(1, 7, 90, 96, 4, 2, 32, true, 0.2f, 20, 2.5f),
            new AttentionShape(3, 1, 41, 64, 2, 1, 32, true, 0.2f, 3, AttentionShape.UNCAPPED));
    return Stream.of(DType.FLOAT16, DType.Q8_0)
        .flatMap(type -> shapes.stream().map(shape -> Arguments.of(type, shape)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void storedKeysAndValuesAttendAsTheirNumbers(DType type, AttentionShape shape) {
    BlockFormat format = type.format().orElseThrow();
    int row = shape.kvHeads() * shape.headDim();
    int count = shape.batch() * shape.keyCapacity() * row;
    MemorySegment k = randomBlocks(type, count);
    MemorySegment v = randomBlocks(type, count);
    float[] keys = new float[count];
    float[] values = new float[count];
    format.decode(k, 0, keys, 0, count);
    format.decode(v, 0, values, 0, count);
    float[] queries = normal(shape.batch() * shape.queries() * shape.heads() * shape.headDim());
    MemorySegment q = memory(queries);
    check(
        (kernels, out) -> kernels.attention().attentionToStored(shape, format, q, k, v, out[0]),
        2e-6,
        List.of(normal(queries.length)),
        List.of(expected(shape, queries, keys, values)));
  }

  private static double[] expected(AttentionShape shape, float[] q, float[] k, float[] v) {
    double[] out = new double[q.length];
    for (int b = 0; b < shape.batch(); b++) {
      for (int t = 0; t < shape.queries(); t++) {
        for (int h = 0; h < shape.heads(); h++) {
          expectRow(shape, b, t, h, q, k, v, out);
        }
      }
    }
    return out;
  }

  private static void expectRow(
      AttentionShape shape, int b, int t, int h, float[] q, float[] k, float[] v, double[] out) {
    int headDim = shape.headDim();
    int kvHead = h * shape.kvHeads() / shape.heads();
    int query = ((b * shape.queries() + t) * shape.heads() + h) * headDim;
    double sum = 0;
    for (int j = shape.hiddenKeys(t); j < shape.visibleKeys(b, t); j++) {
      int key = ((b * shape.keyCapacity() + j) * shape.kvHeads() + kvHead) * headDim;
      double score = 0;
      for (int d = 0; d < headDim; d++) {
        score += (double) q[query + d] * k[key + d];
      }
      score *= shape.scale();
      double cap = shape.softCap();
      double weight = Math.exp(shape.capped() ? cap * Math.tanh(score / cap) : score);
      sum += weight;
      for (int d = 0; d < headDim; d++) {
        out[query + d] += weight * v[key + d];
      }
    }
    for (int d = 0; d < headDim; d++) {
      out[query + d] /= sum;
    }
  }

  private MemorySegment randomBlocks(DType type, int elements) {
    BlockFormat format = type.format().orElseThrow();
    byte[] bytes = new byte[(int) format.bytes(elements)];
    random.nextBytes(bytes);
    MemorySegment heap = MemorySegment.ofArray(bytes);
    boolean half = type == DType.FLOAT16;
    for (int block = 0; block < bytes.length; block += format.blockBytes()) {
      double value = half ? random.nextGaussian() : 1 / 64.0;
      heap.set(ValueLayout.JAVA_SHORT_UNALIGNED, block, Float.floatToFloat16((float) value));
    }
    return memory(bytes);
  }
}
