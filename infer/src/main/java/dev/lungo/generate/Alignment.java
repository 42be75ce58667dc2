package dev.lungo.generate;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.model.EncoderDecoderConfig;
import dev.lungo.model.TranslationBatch;
import dev.lungo.op.Pass;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/// Where the decoder looked while it wrote: the weights of cross-attention, averaged over layers
/// and heads. They often, but not always, show which source token a target token comes from.
///
/// @param sourceTokens with the end, where the model's sources have one
/// @param targetTokens with the end
/// @param weights of each target token over the source tokens, which sum to 1
public record Alignment(
    List<String> sourceTokens, List<String> targetTokens, List<List<Double>> weights) {
  private static final String END = "</s>";

  static Alignment of(
      Kernels kernels,
      Workspace workspace,
      EncoderDecoder model,
      TranslationText text,
      int[] source,
      int[] target) {
    EncoderDecoderConfig config = model.config();
    TranslationBatch batch =
        TranslationBatch.of(workspace, config, List.of(new TranslationBatch.Pair(source, target)));
    List<float[]> queries = new ArrayList<>();
    List<float[]> keys = new ArrayList<>();
    Pass pass =
        Pass.observed(
            kernels,
            workspace,
            (name, value) -> {
              if (name.endsWith(".encoder_attn.q")) {
                queries.add(value.toFloats());
              } else if (name.endsWith(".encoder_attn.k")) {
                keys.add(value.toFloats());
              }
            });
    Tensor encoded = model.encode(pass, batch.sources(), batch.sourceLengths());
    model.decode(pass, encoded, batch.sourceLengths(), batch.inputs());
    int columns = batch.sourceLengths()[0];
    int rows = target.length + 1;
    List<List<Double>> weights = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      double[] sum = new double[columns];
      for (int layer = 0; layer < queries.size(); layer++) {
        for (int head = 0; head < config.heads(); head++) {
          add(config, queries.get(layer), keys.get(layer), row, head, sum);
        }
      }
      List<Double> line = new ArrayList<>();
      for (double value : sum) {
        line.add(value / (queries.size() * config.heads()));
      }
      weights.add(line);
    }
    List<String> sourceTokens = new ArrayList<>(text.sourceTokens(source));
    if (config.sourceEnds()) {
      sourceTokens.add(END);
    }
    List<String> targetTokens = new ArrayList<>(text.targetTokens(target));
    targetTokens.add(END);
    return new Alignment(sourceTokens, targetTokens, weights);
  }

  private static void add(
      EncoderDecoderConfig config, float[] queries, float[] keys, int row, int head, double[] sum) {
    int headDim = config.headDim();
    int query = (row * config.heads() + head) * headDim;
    double[] weights = new double[sum.length];
    double total = 0;
    for (int column = 0; column < sum.length; column++) {
      int key = (column * config.heads() + head) * headDim;
      double score = 0;
      for (int d = 0; d < headDim; d++) {
        score += (double) queries[query + d] * keys[key + d];
      }
      weights[column] = Math.exp(score / Math.sqrt(headDim));
      total += weights[column];
    }
    for (int column = 0; column < sum.length; column++) {
      sum[column] += weights[column] / total;
    }
  }
}
