package dev.lungo.generate;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.DecoderState;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.model.TranslationBatch;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.tokenizer.TokenizerFiles;
import dev.lungo.weights.EncoderDecoderFolder;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// Translates with an [EncoderDecoder]: greedily, many texts at once, or by beam search.
public final class Translator implements AutoCloseable {
  /// Texts that are translated at once.
  private static final int BATCH = 64;

  /// A translation has at most so many ids for each id of its source, and a few more.
  private static final int MOST_PER_SOURCE = 3;

  private static final int MOST_MORE = 32;
  private static final int MOST_BEAMS = 64;

  private static final Comparator<Hypothesis> BEST_FIRST =
      Comparator.comparingDouble(Hypothesis::score).reversed();

  private final Kernels kernels;
  private final EncoderDecoder model;
  private final TranslationText text;
  private final boolean owned;
  private final Workspace kept = new Workspace("sources and decoder state");
  private final Workspace step = new Workspace("translation step");

  /// A target in the making.
  private record Hypothesis(int[] ids, double logProb, double score, boolean ended) {}

  /// An extension of a hypothesis by an id.
  private record Extension(int beam, int id, double logProb) {}

  /// Uses a model that stays the caller's.
  public Translator(Kernels kernels, EncoderDecoder model, TranslationText text) {
    this(kernels, model, text, false);
  }

  private Translator(Kernels kernels, EncoderDecoder model, TranslationText text, boolean owned) {
    this.kernels = kernels;
    this.model = model;
    this.text = text;
    this.owned = owned;
  }

  /// Opens a model's folder.
  public static Translator open(Path folder, int threads) throws IOException {
    EncoderDecoderFolder opened = EncoderDecoderFolder.load(folder, false);
    try {
      TranslationText text =
          opened.targetSymbols().isEmpty()
              ? new TranslationText.Shared(TokenizerFiles.load(folder.resolve("tokenizer.json")))
              : new TranslationText.Symbols(opened.sourceSymbols(), opened.targetSymbols());
      return new Translator(KernelChoice.open(threads), opened.model(), text, true);
    } catch (IOException | RuntimeException failed) {
      opened.model().close();
      throw failed;
    }
  }

  /// Translates each text by the most probable id at each position.
  ///
  /// @throws IllegalArgumentException if a text is empty or longer than the model takes
  public List<Translation> greedy(List<String> sources) {
    List<int[]> ids = new ArrayList<>();
    for (String source : sources) {
      ids.add(encode(source));
    }
    Integer[] byLength = new Integer[ids.size()];
    Arrays.setAll(byLength, i -> i);
    Arrays.sort(byLength, Comparator.comparingInt(i -> ids.get(i).length));
    Translation[] translations = new Translation[ids.size()];
    for (int from = 0; from < byLength.length; from += BATCH) {
      int to = Math.min(from + BATCH, byLength.length);
      List<int[]> some = new ArrayList<>();
      for (int i = from; i < to; i++) {
        some.add(ids.get(byLength[i]));
      }
      List<Hypothesis> found = greedyIds(some);
      for (int i = from; i < to; i++) {
        translations[byLength[i]] = translation(found.get(i - from));
      }
    }
    return List.of(translations);
  }

  /// Checks that a text can be translated.
  ///
  /// @throws IllegalArgumentException if it is empty or longer than the model takes
  public void check(String source) {
    encode(source);
  }

  private int[] encode(String source) {
    int[] ids = text.encode(source);
    if (ids.length == 0) {
      throw new IllegalArgumentException("there is nothing to translate: the text is empty");
    }
    int most = model.config().context() - 1;
    if (ids.length > most) {
      throw new IllegalArgumentException(
          "the text has "
              + ids.length
              + " tokens, but the model takes "
              + most
              + "; translate it sentence by sentence");
    }
    return ids;
  }

  private int mostIds(List<int[]> sources) {
    int longest = 0;
    for (int[] source : sources) {
      longest = Math.max(longest, source.length);
    }
    return Math.min(model.config().context(), MOST_PER_SOURCE * longest + MOST_MORE);
  }

  private DecoderState start(List<int[]> sources, int beams) {
    kept.reset();
    step.reset();
    Tensor ids = TranslationBatch.sources(step, model.config(), sources);
    int[] lengths = TranslationBatch.sourceLengths(model.config(), sources);
    Tensor encoded = model.encode(Pass.inference(kernels, step), ids, lengths);
    return model.start(Pass.inference(kernels, kept), encoded, lengths, beams, mostIds(sources));
  }

  private Tensor next(DecoderState state, int... ids) {
    step.reset();
    Pass pass = Pass.inference(kernels, step);
    Tensor input = step.allocate(Shape.of(ids.length, 1), DType.INT32).set(ids);
    Tensor hidden = model.decode(pass, state, input);
    return model.logits(pass, hidden.view(ids.length, model.config().width()));
  }

  private List<Hypothesis> greedyIds(List<int[]> sources) {
    int count = sources.size();
    DecoderState state = start(sources, 1);
    int[][] written = new int[count][state.capacity()];
    int[] lengths = new int[count];
    double[] logProbs = new double[count];
    boolean[] ended = new boolean[count];
    int[] last = new int[count];
    Arrays.fill(last, model.config().start());
    int going = count;
    while (going > 0 && state.length() < state.capacity()) {
      Tensor logits = next(state, last);
      for (int i = 0; i < count; i++) {
        if (!ended[i]) {
          float[] scores = row(logits, i);
          last[i] = largest(scores);
          logProbs[i] += scores[last[i]] - LogProbs.logSumExp(scores);
          written[i][lengths[i]++] = last[i];
          ended[i] = last[i] == model.config().end();
          going -= ended[i] ? 1 : 0;
        }
      }
    }
    List<Hypothesis> found = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] ids = Arrays.copyOf(written[i], lengths[i]);
      found.add(new Hypothesis(ids, logProbs[i], logProbs[i], ended[i]));
    }
    return found;
  }

  /// Translates a text by beam search and returns what was found, best first: log p / ((5 + length)
  /// / 6)^penalty ranks (Wu et al. 2016, arXiv:1609.08144).
  ///
  /// @param penalty above 0 favours long translations; the paper's Transformer used 0.6
  public List<Translation> beams(String source, int beams, double penalty) {
    if (beams < 1 || beams > MOST_BEAMS) {
      throw new IllegalArgumentException(
          "beams must be between 1 and " + MOST_BEAMS + ", but are " + beams);
    }
    if (!(penalty >= 0 && penalty <= 10)) {
      throw new IllegalArgumentException(
          "the length penalty must be between 0 (off) and 10, but is " + penalty);
    }
    DecoderState state = start(List.of(encode(source)), beams);
    List<Hypothesis> finished = new ArrayList<>();
    List<Hypothesis> live = List.of(new Hypothesis(new int[0], 0, 0, false));
    Tensor logits = next(state, model.config().start());
    while (true) {
      List<Hypothesis> following = new ArrayList<>();
      List<Integer> from = new ArrayList<>();
      for (Extension extension : extend(live, logits, beams - finished.size())) {
        Hypothesis longer = append(live.get(extension.beam), extension, penalty);
        if (longer.ended || longer.ids.length == state.capacity()) {
          finished.add(longer);
        } else {
          following.add(longer);
          from.add(extension.beam);
        }
      }
      if (following.isEmpty() || hopeless(following, finished, state.capacity(), penalty)) {
        finished.sort(BEST_FIRST);
        return finished.stream().map(this::translation).toList();
      }
      live = following;
      state.select(from.stream().mapToInt(i -> i).toArray());
      logits = next(state, live.stream().mapToInt(h -> h.ids[h.ids.length - 1]).toArray());
    }
  }

  private Hypothesis append(Hypothesis before, Extension extension, double penalty) {
    int[] ids = Arrays.copyOf(before.ids, before.ids.length + 1);
    ids[before.ids.length] = extension.id;
    return new Hypothesis(
        ids,
        extension.logProb,
        extension.logProb / lengthFactor(ids.length, penalty),
        extension.id == model.config().end());
  }

  private static double lengthFactor(int length, double penalty) {
    return Math.pow((5 + length) / 6.0, penalty);
  }

  /// Says whether nothing live can come before the best that ended: log p only falls, and at best
  /// is divided by the largest factor.
  private static boolean hopeless(
      List<Hypothesis> live, List<Hypothesis> finished, int most, double penalty) {
    double best = Double.NEGATIVE_INFINITY;
    for (Hypothesis hypothesis : finished) {
      best = Math.max(best, hypothesis.score);
    }
    for (Hypothesis hypothesis : live) {
      if (hypothesis.logProb / lengthFactor(most, penalty) > best) {
        return false;
      }
    }
    return true;
  }

  /// Returns the best extensions; of equal ones first those of earlier beams, and of lower ids.
  private static List<Extension> extend(List<Hypothesis> live, Tensor logits, int limit) {
    List<Extension> best = new ArrayList<>();
    for (int beam = 0; beam < live.size(); beam++) {
      float[] scores = row(logits, beam);
      double normalizer = LogProbs.logSumExp(scores);
      for (int id = 0; id < scores.length; id++) {
        double logProb = live.get(beam).logProb + (scores[id] - normalizer);
        if (best.size() < limit || logProb > best.getLast().logProb) {
          int at = best.size();
          while (at > 0 && best.get(at - 1).logProb < logProb) {
            at--;
          }
          best.add(at, new Extension(beam, id, logProb));
          if (best.size() > limit) {
            best.removeLast();
          }
        }
      }
    }
    return best;
  }

  private static float[] row(Tensor logits, int row) {
    return logits.rows(row, row + 1).data().toArray(ValueLayout.JAVA_FLOAT);
  }

  private static int largest(float[] scores) {
    int largest = 0;
    for (int i = 1; i < scores.length; i++) {
      largest = scores[i] > scores[largest] ? i : largest;
    }
    return largest;
  }

  private Translation translation(Hypothesis found) {
    int visible = found.ids.length - (found.ended ? 1 : 0);
    return new Translation(
        text.decode(Arrays.copyOf(found.ids, visible)),
        found.ids.length,
        found.logProb,
        found.score,
        found.ended);
  }

  /// Returns how strongly each token of a translation looked at each token of its source.
  public Alignment align(String source, String target) {
    step.reset();
    int[] sourceIds = encode(source);
    int[] targetIds = text.encodeTarget(target);
    return Alignment.of(kernels, step, model, text, sourceIds, targetIds);
  }

  @Override
  public void close() {
    kept.close();
    step.close();
    if (owned) {
      model.close();
      kernels.close();
    }
  }
}
