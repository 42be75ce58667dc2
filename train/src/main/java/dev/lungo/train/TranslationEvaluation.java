package dev.lungo.train;

import dev.lungo.generate.Bleu;
import dev.lungo.generate.CharacterScore;
import dev.lungo.generate.Translation;
import dev.lungo.generate.Translator;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.model.TranslationBatch;
import dev.lungo.nn.Dropouts;
import dev.lungo.op.Pass;
import dev.lungo.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Measures a model on held-out pairs: what their targets cost, and whether it writes them.
final class TranslationEvaluation implements AutoCloseable {
  private static final int BATCH = 32;

  private final Kernels kernels;
  private final EncoderDecoder model;
  private final Translator translator;
  private final List<TranslationData.HeldOut> pairs;
  private final Workspace workspace = new Workspace("translation evaluation");

  /// What the targets cost: the mean over their tokens in nats, and bits per byte of their text.
  record Cost(double loss, double bitsPerByte) {}

  /// How translations compare with the held-out ones.
  ///
  /// @param exactMatch share of translations that are the same, character by character
  /// @param bleu as sacreBLEU counts it, of 100
  /// @param chrf likewise
  /// @param translations of the first pairs
  record Quality(
      int pairs, double exactMatch, double bleu, double chrf, List<Translation> translations) {}

  TranslationEvaluation(
      Kernels kernels,
      EncoderDecoder model,
      Translator translator,
      List<TranslationData.HeldOut> pairs) {
    this.kernels = kernels;
    this.model = model;
    this.translator = translator;
    this.pairs = pairs;
  }

  Cost cost(int most) {
    int count = Math.min(most, pairs.size());
    double nats = 0;
    long tokens = 0;
    long bytes = 0;
    for (int from = 0; from < count; from += BATCH) {
      List<TranslationBatch.Pair> some = new ArrayList<>();
      for (int i = from; i < Math.min(count, from + BATCH); i++) {
        some.add(pairs.get(i).ids());
        tokens += pairs.get(i).ids().target().length + 1;
        bytes += pairs.get(i).text().target().getBytes(StandardCharsets.UTF_8).length;
      }
      workspace.reset();
      TranslationBatch batch = TranslationBatch.of(workspace, model.config(), some);
      Pass pass = Pass.inference(kernels, workspace);
      MemorySegment losses = model.loss(pass, batch, Dropouts.none(), 0).perToken().data();
      for (long i = 0; i < batch.targets().elements(); i++) {
        nats += losses.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      }
    }
    return new Cost(nats / tokens, nats / (Math.log(2) * bytes));
  }

  Quality quality(int most) {
    int count = Math.min(most, pairs.size());
    List<String> sources = new ArrayList<>();
    List<String> references = new ArrayList<>();
    for (TranslationData.HeldOut pair : pairs.subList(0, count)) {
      sources.add(pair.text().source());
      references.add(pair.text().target());
    }
    List<Translation> translations = translator.greedy(sources);
    List<String> texts = translations.stream().map(Translation::text).toList();
    int same = 0;
    for (int i = 0; i < count; i++) {
      same += texts.get(i).equals(references.get(i)) ? 1 : 0;
    }
    return new Quality(
        count,
        (double) same / count,
        Bleu.of(texts, references).score(),
        CharacterScore.of(texts, references),
        translations);
  }

  @Override
  public void close() {
    workspace.close();
  }
}
