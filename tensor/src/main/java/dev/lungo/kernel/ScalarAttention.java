package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.add;
import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;

import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;

/// Attention without a matrix of scores: a row's log-sum-exp first, then each probability from its
/// score.
final class ScalarAttention implements AttentionKernels {
  private final Parallel parallel;

  ScalarAttention(Parallel parallel) {
    this.parallel = parallel;
  }

  @Override
  public void attention(
      AttentionShape shape,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    parallel.forRange(
        shape.batch() * shape.heads(),
        1,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            for (int t = 0; t < shape.queries(); t++) {
              attendRow(shape, i / shape.heads(), i % shape.heads(), t, q, k, v, out, logSumExp);
            }
          }
        });
  }

  private static void attendRow(
      AttentionShape shape,
      int batch,
      int head,
      int t,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    int headDim = shape.headDim();
    int kvHead = head / shape.group();
    long query = queryRow(shape, batch, t, head);
    double largest = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < shape.keys(); j++) {
      if (shape.sees(batch, t, j)) {
        largest = Math.max(largest, score(shape, batch, head, t, j, q, k));
      }
    }
    double sum = 0;
    for (int j = 0; j < shape.keys(); j++) {
      if (shape.sees(batch, t, j)) {
        sum += Math.exp(score(shape, batch, head, t, j, q, k) - largest);
      }
    }
    double rowLogSumExp = largest + Math.log(sum);
    for (int d = 0; d < headDim; d++) {
      set(out, query + d, 0);
    }
    for (int j = 0; j < shape.keys(); j++) {
      if (!shape.sees(batch, t, j)) {
        continue;
      }
      long key = keyRow(shape, batch, j, kvHead);
      double probability = Math.exp(score(shape, batch, head, t, j, q, k) - rowLogSumExp);
      for (int d = 0; d < headDim; d++) {
        add(out, query + d, probability * get(v, key + d));
      }
    }
    set(logSumExp, logSumExpIndex(shape, batch, head, t), rowLogSumExp);
  }

  @Override
  public void attentionToStored(
      AttentionShape shape,
      BlockFormat format,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out) {
    int row = shape.kvHeads() * shape.headDim();
    long bytes = format.bytes(row);
    parallel.forRange(
        shape.batch(),
        1,
        (from, to) -> {
          float[] decoded = new float[row];
          double[] weights = new double[shape.keys()];
          for (int batch = from; batch < to; batch++) {
            long first = (long) batch * shape.keyCapacity() * bytes;
            for (int head = 0; head < shape.heads(); head++) {
              for (int t = 0; t < shape.queries(); t++) {
                scoreStored(shape, format, batch, head, t, q, k, first, decoded, weights);
                mixStored(shape, format, batch, head, t, v, first, out, decoded, weights);
              }
            }
          }
        });
  }

  private static void scoreStored(
      AttentionShape shape,
      BlockFormat format,
      int batch,
      int head,
      int t,
      MemorySegment q,
      MemorySegment k,
      long first,
      float[] decoded,
      double[] scores) {
    int start = head / shape.group() * shape.headDim();
    long bytes = format.bytes(decoded.length);
    long query = queryRow(shape, batch, t, head);
    for (int j = 0; j < shape.keys(); j++) {
      if (!shape.sees(batch, t, j)) {
        scores[j] = Double.NEGATIVE_INFINITY;
        continue;
      }
      format.decode(k, first + j * bytes, decoded, 0, decoded.length);
      double dot = 0;
      for (int d = 0; d < shape.headDim(); d++) {
        dot += (double) get(q, query + d) * decoded[start + d];
      }
      scores[j] = bounded(shape, shape.scale() * dot) + shape.bias(head, t, j);
    }
  }

  private static void mixStored(
      AttentionShape shape,
      BlockFormat format,
      int batch,
      int head,
      int t,
      MemorySegment v,
      long first,
      MemorySegment out,
      float[] decoded,
      double[] scores) {
    int start = head / shape.group() * shape.headDim();
    long bytes = format.bytes(decoded.length);
    long query = queryRow(shape, batch, t, head);
    double largest = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < shape.keys(); j++) {
      largest = Math.max(largest, scores[j]);
    }
    double sum = 0;
    double[] mixed = new double[shape.headDim()];
    for (int j = 0; j < shape.keys(); j++) {
      if (!shape.sees(batch, t, j)) {
        continue;
      }
      double weight = Math.exp(scores[j] - largest);
      sum += weight;
      format.decode(v, first + j * bytes, decoded, 0, decoded.length);
      for (int d = 0; d < mixed.length; d++) {
        mixed[d] += weight * decoded[start + d];
      }
    }
    for (int d = 0; d < mixed.length; d++) {
      set(out, query + d, mixed[d] / sum);
    }
  }

  /// Runs over key/value heads, because the query heads of one group add to the same dk and dv.
  @Override
  public void attentionBackward(
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
    int group = shape.group();
    parallel.forRange(
        shape.batch() * shape.kvHeads(),
        1,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            int batch = i / shape.kvHeads();
            int kvHead = i % shape.kvHeads();
            for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
              for (int t = 0; t < shape.queries(); t++) {
                backwardRow(
                    shape, batch, head, kvHead, t, dOut, q, k, v, out, logSumExp, dq, dk, dv);
              }
            }
          }
        });
  }

  /// With p the probabilities of row t and dp = dOut·v: dv = p·dOut and ds = p · (dp - Σ dp·p),
  /// where Σ dp·p = dOut·out.
  private static void backwardRow(
      AttentionShape shape,
      int batch,
      int head,
      int kvHead,
      int t,
      MemorySegment dOut,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp,
      MemorySegment dq,
      MemorySegment dk,
      MemorySegment dv) {
    int headDim = shape.headDim();
    long query = queryRow(shape, batch, t, head);
    double rowLogSumExp = get(logSumExp, logSumExpIndex(shape, batch, head, t));
    double weighted = ScalarMatmul.dot(dOut, query, out, query, headDim);
    for (int j = 0; j < shape.keys(); j++) {
      if (!shape.sees(batch, t, j)) {
        continue;
      }
      long key = keyRow(shape, batch, j, kvHead);
      double score = bounded(shape, shape.scale() * dot(shape, q, query, k, key));
      double probability = Math.exp(score + shape.bias(head, t, j) - rowLogSumExp);
      double dProbability = ScalarMatmul.dot(dOut, query, v, key, headDim);
      double dScore = probability * (dProbability - weighted) * slope(shape, score);
      for (int d = 0; d < headDim; d++) {
        add(dq, query + d, dScore * get(k, key + d));
        add(dk, key + d, dScore * get(q, query + d));
        add(dv, key + d, probability * get(dOut, query + d));
      }
    }
  }

  private static double score(
      AttentionShape shape, int batch, int head, int t, int j, MemorySegment q, MemorySegment k) {
    long query = queryRow(shape, batch, t, head);
    long key = keyRow(shape, batch, j, head / shape.group());
    return bounded(shape, shape.scale() * dot(shape, q, query, k, key)) + shape.bias(head, t, j);
  }

  private static double dot(
      AttentionShape shape, MemorySegment q, long query, MemorySegment k, long key) {
    return ScalarMatmul.dot(q, query, k, key, shape.headDim());
  }

  private static double bounded(AttentionShape shape, double score) {
    return shape.capped() ? shape.softCap() * Math.tanh(score / shape.softCap()) : score;
  }

  /// How fast a score grows with q·k: tanh' = 1 - tanh².
  private static double slope(AttentionShape shape, double score) {
    double bounded = shape.capped() ? score / shape.softCap() : 0;
    return shape.scale() * (1 - bounded * bounded);
  }

  private static long queryRow(AttentionShape shape, int batch, int t, int head) {
    return (((long) batch * shape.queries() + t) * shape.heads() + head) * shape.headDim();
  }

  private static long keyRow(AttentionShape shape, int batch, int j, int kvHead) {
    return (((long) batch * shape.keyCapacity() + j) * shape.kvHeads() + kvHead) * shape.headDim();
  }

  private static long logSumExpIndex(AttentionShape shape, int batch, int head, int t) {
    return ((long) batch * shape.heads() + head) * shape.queries() + t;
  }
}
