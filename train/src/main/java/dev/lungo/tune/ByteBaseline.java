package dev.lungo.tune;

import dev.lungo.kernel.Kernels;
import dev.lungo.nn.Parameters;
import dev.lungo.op.Linear;
import dev.lungo.op.Pass;
import dev.lungo.tensor.Workspace;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tune.ClassificationData.Example;
import java.util.List;

/// What a classifier must beat: logistic regression on how often each byte occurs in the same
/// texts, cut at the same places. It knows letters and nothing of their order.
final class ByteBaseline {
  /// A feature for each byte, and one that is always 1.
  private static final int FEATURES = 257;

  /// What did best on the demonstration's held-out texts, of 5 to 60 epochs and rates of 0.003 to
  /// 0.03: no straw man.
  private static final int EPOCHS = 20;

  private static final double RATE = 0.003;

  private ByteBaseline() {}

  /// Learns from the training texts and measures on those held out.
  static ClassificationScores scores(
      Kernels kernels, Tokenizer tokenizer, ClassificationData data, long seed) {
    float[][] training = features(tokenizer, data.training());
    float[][] heldOut = features(tokenizer, data.heldOut());
    standardize(training, heldOut);
    int[] classes = data.training().stream().mapToInt(Example::label).toArray();
    int labels = data.labels().size();
    try (Parameters weights = new Parameters(true);
        Workspace workspace = new Workspace("byte baseline")) {
      var weight = weights.matrix("bytes.weight", labels, FEATURES, 0);
      weight.fill(0);
      SoftmaxRegression.fit(kernels, weights, training, classes, EPOCHS, RATE, seed, done -> {});
      float[][] probabilities = new float[heldOut.length][];
      for (int i = 0; i < heldOut.length; i++) {
        workspace.reset();
        var x = workspace.allocate(1, FEATURES).set(heldOut[i]);
        float[] logits = Linear.linear(Pass.inference(kernels, workspace), x, weight).toFloats();
        probabilities[i] = SoftmaxRegression.softmax(logits, 0, labels);
      }
      return ClassificationScores.of(
          data.labels(), data.heldOut().stream().mapToInt(Example::label).toArray(), probabilities);
    }
  }

  /// Returns log(1 + count) of each byte.
  private static float[][] features(Tokenizer tokenizer, List<Example> examples) {
    float[][] rows = new float[examples.size()][FEATURES];
    for (int i = 0; i < rows.length; i++) {
      int[] ids = examples.get(i).ids();
      int[] counts = new int[256];
      for (byte one : tokenizer.decodeBytes(ids, 0, ids.length)) {
        counts[one & 0xff]++;
      }
      for (int value = 0; value < counts.length; value++) {
        rows[i][value] = (float) Math.log1p(counts[value]);
      }
    }
    return rows;
  }

  /// Gives each feature mean 0 and deviation 1 over the training texts.
  private static void standardize(float[][] training, float[][] heldOut) {
    for (int feature = 0; feature < FEATURES; feature++) {
      double sum = 0;
      double squares = 0;
      for (float[] row : training) {
        sum += row[feature];
        squares += (double) row[feature] * row[feature];
      }
      double mean = sum / training.length;
      double deviation = Math.sqrt(Math.max(0, squares / training.length - mean * mean));
      float scale = deviation < 1e-6 ? 0 : (float) (1 / deviation);
      boolean constant = feature == FEATURES - 1;
      for (float[][] rows : new float[][][] {training, heldOut}) {
        for (float[] row : rows) {
          row[feature] = constant ? 1 : (float) (row[feature] - mean) * scale;
        }
      }
    }
  }
}
