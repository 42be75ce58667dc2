package dev.lungo.kernel;

import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.quant.BlockFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Attention as the formula is written: S = scale · Q·Kᵀ, P = softmax(S), O = P·V, with the whole
/// matrices S and P in memory, one head after the other. Hidden scores are computed, too, and then
/// set to -∞.
///
/// The backward pass computes S and P again rather than keep them for every head of every layer.
public final class PlainAttention implements AttentionKernels {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  /// Rows of a matrix that one thread takes at once.
  private static final int ROWS = 16;

  private final Parallel parallel;
  private final MatmulKernels matmul;
  private final LossKernels loss;
  private final AttentionKernels decoding;
  private MemorySegment weights = MemorySegment.NULL;
  private MemorySegment slopes = MemorySegment.NULL;

  /// @param decoding for steps of a few queries, where no algorithm has a square matrix
  public PlainAttention(
      Parallel parallel, MatmulKernels matmul, LossKernels loss, AttentionKernels decoding) {
    this.parallel = parallel;
    this.matmul = matmul;
    this.loss = loss;
    this.decoding = decoding;
  }

  /// Where the operands of one head start, in elements, and how far apart their rows are.
  private record Head(
      AttentionShape shape,
      int batch,
      int head,
      long query,
      int queryStride,
      long key,
      int keyStride) {
    static Head of(AttentionShape shape, int batch, int head) {
      int headDim = shape.headDim();
      int queryStride = shape.heads() * headDim;
      int keyStride = shape.kvHeads() * headDim;
      long query = (long) batch * shape.queries() * queryStride + (long) head * headDim;
      long key =
          (long) batch * shape.keyCapacity() * keyStride + (long) (head / shape.group()) * headDim;
      return new Head(shape, batch, head, query, queryStride, key, keyStride);
    }

    long sums() {
      return ((long) batch * shape.heads() + head) * shape.queries();
    }
  }

  @Override
  public synchronized void attention(
      AttentionShape shape,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    if (shape.queries() <= Kernels.FEW_ROWS && shape.queries() < shape.keys()) {
      decoding.attention(shape, q, k, v, out, logSumExp);
      return;
    }
    weights = room(weights, shape);
    for (int i = 0; i < shape.batch() * shape.heads(); i++) {
      Head head = Head.of(shape, i / shape.heads(), i % shape.heads());
      computeWeights(head, q, k, logSumExp);
      matmul.multiply(
          Form.NN,
          shape.queries(),
          shape.headDim(),
          shape.keys(),
          weights,
          0,
          shape.keys(),
          v,
          head.key,
          head.keyStride,
          out,
          head.query,
          head.queryStride,
          false);
    }
  }

  /// Leaves P in `weights`, and the log-sum-exp of each row of S in `logSumExp`.
  private void computeWeights(
      Head head, MemorySegment q, MemorySegment k, MemorySegment logSumExp) {
    AttentionShape shape = head.shape;
    int keys = shape.keys();
    computeScores(head, q, k, weights);
    float[] maxima = new float[shape.queries()];
    int[] where = new int[shape.queries()];
    forRows(
        shape,
        (from, to) -> {
          float[] row = new float[keys];
          for (int t = from; t < to; t++) {
            read(weights, t, row);
            finishScores(head, t, row);
            for (int j = 1; j < keys; j++) {
              where[t] = row[j] > row[where[t]] ? j : where[t];
            }
            maxima[t] = row[where[t]];
            write(row, weights, t);
          }
        });
    loss.softmax(weights, shape.queries(), keys);
    for (int t = 0; t < shape.queries(); t++) {
      // The largest score has the weight exp(0) / sum.
      float largest = weights.getAtIndex(FLOAT, (long) t * keys + where[t]);
      float sum = (float) (maxima[t] - StrictMath.log(largest));
      logSumExp.setAtIndex(FLOAT, head.sums() + t, sum);
    }
  }

  private void computeScores(Head head, MemorySegment q, MemorySegment k, MemorySegment into) {
    AttentionShape shape = head.shape;
    matmul.multiply(
        Form.NT,
        shape.queries(),
        shape.keys(),
        shape.headDim(),
        q,
        head.query,
        head.queryStride,
        k,
        head.key,
        head.keyStride,
        into,
        0,
        shape.keys(),
        false);
  }

  /// Scales, bounds and biases a row of Q·Kᵀ, and hides what its query does not see.
  private static void finishScores(Head head, int t, float[] row) {
    AttentionShape shape = head.shape;
    for (int j = 0; j < row.length; j++) {
      row[j] *= shape.scale();
    }
    if (shape.capped()) {
      for (int j = 0; j < row.length; j++) {
        row[j] = (float) (shape.softCap() * Math.tanh(row[j] / shape.softCap()));
      }
    }
    if (shape.alibi()) {
      float slope = (float) Alibi.slope(head.head, shape.heads());
      int position = shape.position(t);
      for (int j = 0; j < row.length; j++) {
        row[j] -= slope * Math.abs(position - j);
      }
    }
    int from = shape.hiddenKeys(t);
    int to = Math.max(from, shape.visibleKeys(head.batch, t));
    for (int j = 0; j < row.length; j++) {
      boolean near = j >= from && j < to;
      if (!near && (shape.pattern().contiguous() || !shape.sees(head.batch, t, j))) {
        row[j] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  /// With P, and dP = dO·Vᵀ: dS = P ∘ (dP - rowsum(dO ∘ O)) · scale; dQ = dS·K, dK = dSᵀ·Q, dV =
  /// Pᵀ·dO.
  @Override
  public synchronized void attentionBackward(
      AttentionShape shape,
      MemorySegment dOut,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp,
      MemorySegment dq,
      MemorySegment dk,
      MemorySegment dv) {
    weights = room(weights, shape);
    slopes = room(slopes, shape);
    int queries = shape.queries();
    int keys = shape.keys();
    int headDim = shape.headDim();
    for (int i = 0; i < shape.batch() * shape.heads(); i++) {
      Head head = Head.of(shape, i / shape.heads(), i % shape.heads());
      float[] steepness = steepness(head, q, k);
      computeWeights(head, q, k, logSumExp);
      matmul.multiply(
          Form.NT,
          queries,
          keys,
          headDim,
          dOut,
          head.query,
          head.queryStride,
          v,
          head.key,
          head.keyStride,
          slopes,
          0,
          keys,
          false);
      computeSlopes(head, dOut, out, steepness);
      matmul.multiply(
          Form.NN,
          queries,
          headDim,
          keys,
          slopes,
          0,
          keys,
          k,
          head.key,
          head.keyStride,
          dq,
          head.query,
          head.queryStride,
          true);
      matmul.multiply(
          Form.TN,
          keys,
          headDim,
          queries,
          slopes,
          0,
          keys,
          q,
          head.query,
          head.queryStride,
          dk,
          head.key,
          head.keyStride,
          true);
      matmul.multiply(
          Form.TN,
          keys,
          headDim,
          queries,
          weights,
          0,
          keys,
          dOut,
          head.query,
          head.queryStride,
          dv,
          head.key,
          head.keyStride,
          true);
    }
  }

  /// Returns how fast each bounded score grows, 1 - tanh²; nothing where none is bounded.
  private float[] steepness(Head head, MemorySegment q, MemorySegment k) {
    AttentionShape shape = head.shape;
    if (!shape.capped()) {
      return new float[0];
    }
    float[] steepness = new float[Math.multiplyExact(shape.queries(), shape.keys())];
    computeScores(head, q, k, slopes);
    forRows(
        shape,
        (from, to) -> {
          for (int i = from * shape.keys(); i < to * shape.keys(); i++) {
            double tanh = Math.tanh(slopes.getAtIndex(FLOAT, i) * shape.scale() / shape.softCap());
            steepness[i] = (float) (1 - tanh * tanh);
          }
        });
    return steepness;
  }

  private void computeSlopes(Head head, MemorySegment dOut, MemorySegment out, float[] steepness) {
    AttentionShape shape = head.shape;
    int keys = shape.keys();
    forRows(
        shape,
        (from, to) -> {
          float[] row = new float[keys];
          float[] weight = new float[keys];
          for (int t = from; t < to; t++) {
            read(slopes, t, row);
            read(weights, t, weight);
            long at = head.query + (long) t * head.queryStride;
            float delta = (float) ScalarMatmul.dot(dOut, at, out, at, shape.headDim());
            for (int j = 0; j < keys; j++) {
              row[j] = weight[j] * (row[j] - delta) * shape.scale();
            }
            for (int j = 0; j < (steepness.length == 0 ? 0 : keys); j++) {
              row[j] *= steepness[t * keys + j];
            }
            write(row, slopes, t);
          }
        });
  }

  @Override
  public void attentionToStored(
      AttentionShape shape,
      BlockFormat format,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out) {
    decoding.attentionToStored(shape, format, q, k, v, out);
  }

  private void forRows(AttentionShape shape, Parallel.Range body) {
    parallel.forRange(shape.queries(), ROWS, body);
  }

  private static void read(MemorySegment matrix, int row, float[] into) {
    MemorySegment.copy(matrix, FLOAT, (long) row * into.length * Float.BYTES, into, 0, into.length);
  }

  private static void write(float[] from, MemorySegment matrix, int row) {
    MemorySegment.copy(from, 0, matrix, FLOAT, (long) row * from.length * Float.BYTES, from.length);
  }

  private static MemorySegment room(MemorySegment present, AttentionShape shape) {
    long bytes = bytes(shape);
    return present.byteSize() >= bytes ? present : Arena.ofAuto().allocate(bytes, 64);
  }

  /// Returns the bytes of one T × T matrix.
  public static long bytes(AttentionShape shape) {
    return (long) shape.queries() * shape.keys() * Float.BYTES;
  }
}
