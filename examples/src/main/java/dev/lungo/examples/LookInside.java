package dev.lungo.examples;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.tokenizer.SpecialMode;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import dev.lungo.weights.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Runs a model over a prompt and shows what it computes on the way: the tokens' vectors, the
/// attention weights of one head, and the likeliest next tokens.
public final class LookInside {
  private static final String SHADES = " ░▒▓█";
  private static final int LIKELIEST = 5;

  private final Kernels kernels;
  private final LanguageModel model;
  private final Tokenizer tokenizer;
  private final int[] ids;
  private final Map<String, Tensor> seen = new LinkedHashMap<>();

  private LookInside(Kernels kernels, LanguageModel model, Tokenizer tokenizer, String prompt) {
    this.kernels = kernels;
    this.model = model;
    this.tokenizer = tokenizer;
    this.ids = tokenizer.encode(prompt, SpecialMode.FRAME);
  }

  /// Looks into the model in the folder `arguments[0]` while it reads the prompt `arguments[1]`;
  /// `arguments[2]` and `arguments[3]` choose a layer and a head, 0 and 0 if not given.
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2 && arguments.length != 4) {
      throw new IllegalArgumentException("usage: LookInside MODEL PROMPT [LAYER HEAD]");
    }
    Path folder = Path.of(arguments[0]);
    int layer = arguments.length == 4 ? Integer.parseInt(arguments[2]) : 0;
    int head = arguments.length == 4 ? Integer.parseInt(arguments[3]) : 0;
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = ModelFolder.load(folder, false);
        Workspace workspace = new Workspace("look inside")) {
      new LookInside(kernels, model, TokenizerFiles.load(folder), arguments[1])
          .show(workspace, layer, head);
    }
  }

  private void show(Workspace workspace, int layer, int head) {
    Pass pass = Pass.observed(kernels, workspace, seen::put);
    Tensor input = workspace.allocate(Shape.of(1, ids.length), DType.INT32).set(ids);
    Tensor hidden = model.hidden(pass, input, Optional.empty());
    Tensor logits =
        model.logits(
            pass, hidden.view(ids.length, model.config().width()).rows(ids.length - 1, ids.length));
    showEmbeddings();
    showAttention(layer, head);
    showLikeliest(logits.toFloats());
  }

  private void showEmbeddings() {
    Map.Entry<String, Tensor> first = seen.entrySet().iterator().next();
    Tensor embeddings = first.getValue();
    System.out.println("embeddings " + first.getKey() + " " + embeddings.shape());
    int width = embeddings.shape().width();
    for (int t = 0; t < ids.length; t++) {
      StringBuilder line =
          new StringBuilder(label(t))
              .append(" id ")
              .append(String.format("%5d", ids[t]))
              .append("  ");
      for (int i = 0; i < 4; i++) {
        line.append(String.format(Locale.ROOT, "%8.4f", embeddings.at((long) t * width + i)));
      }
      System.out.println(line.append(" …"));
    }
  }

  private void showAttention(int layer, int head) {
    Tensor q = observed(layer, "q");
    Tensor k = observed(layer, "k");
    System.out.println();
    System.out.println(
        "attention of layer "
            + layer
            + ", head "
            + head
            + " of "
            + q.shape().dimension(2)
            + ", q "
            + q.shape()
            + ", k "
            + k.shape()
            + ": a row's query looks at the columns");
    StringBuilder heading = new StringBuilder(" ".repeat(label(0).length() + 1));
    for (int t = 0; t < ids.length; t++) {
      heading.append(String.format("%2d", t % 100));
    }
    System.out.println(heading);
    for (int t = 0; t < ids.length; t++) {
      double[] weights = weights(q, k, head, t);
      StringBuilder row = new StringBuilder(label(t)).append(' ');
      int most = 0;
      for (int s = 0; s <= t; s++) {
        String shade =
            String.valueOf(SHADES.charAt((int) Math.round(weights[s] * (SHADES.length() - 1))));
        row.append(shade.repeat(2));
        most = weights[s] > weights[most] ? s : most;
      }
      row.append("  ".repeat(ids.length - t))
          .append(String.format(Locale.ROOT, "%3.0f %% on %d", 100 * weights[most], most));
      System.out.println(row);
    }
  }

  private Tensor observed(int layer, String name) {
    for (Map.Entry<String, Tensor> entry : seen.entrySet()) {
      if (entry.getKey().endsWith("." + layer + ".self_attn." + name)
          || entry.getKey().endsWith("." + layer + ".attn." + name)) {
        return entry.getValue();
      }
    }
    throw new IllegalArgumentException(
        "layer "
            + layer
            + " does not exist: the model has "
            + model.config().layers()
            + " layers, from 0");
  }

  /// The softmax of q·k/√D over the positions up to `t`, which the attention kernel itself never
  /// stores.
  private static double[] weights(Tensor q, Tensor k, int head, int t) {
    int heads = q.shape().dimension(2);
    if (head < 0 || head >= heads) {
      throw new IllegalArgumentException(
          "head " + head + " does not exist: there are " + heads + ", from 0");
    }
    int kvHeads = k.shape().dimension(2);
    int headDim = q.shape().width();
    long query = ((long) t * heads + head) * headDim;
    double[] weights = new double[t + 1];
    double sum = 0;
    for (int s = 0; s <= t; s++) {
      long key = ((long) s * kvHeads + (long) head * kvHeads / heads) * headDim;
      double score = 0;
      for (int d = 0; d < headDim; d++) {
        score += q.at(query + d) * k.at(key + d);
      }
      weights[s] = Math.exp(score / Math.sqrt(headDim));
      sum += weights[s];
    }
    for (int s = 0; s <= t; s++) {
      weights[s] /= sum;
    }
    return weights;
  }

  private void showLikeliest(float[] logits) {
    double largest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      largest = Math.max(largest, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - largest);
    }
    System.out.println();
    System.out.println("likeliest next tokens");
    for (int place = 0; place < Math.min(LIKELIEST, logits.length); place++) {
      int best = 0;
      for (int id = 1; id < logits.length; id++) {
        best = logits[id] > logits[best] ? id : best;
      }
      System.out.printf(
          Locale.ROOT,
          "%6.2f %%  %s%n",
          100 * Math.exp(logits[best] - largest) / sum,
          visible(tokenizer.decode(best)));
      logits[best] = Float.NEGATIVE_INFINITY;
    }
  }

  private String label(int t) {
    return String.format(Locale.ROOT, "%3d %-12s", t, visible(tokenizer.decode(ids[t])));
  }

  private static String visible(String text) {
    return "'" + text.replace("\n", "\\n").replace("\t", "\\t") + "'";
  }
}
