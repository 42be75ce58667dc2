package dev.lungo.generate;

import dev.lungo.generate.TextGeneration.Finish;
import dev.lungo.generate.TextGeneration.Result;
import dev.lungo.kernel.Kernels;
import dev.lungo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Several continuations of one prompt, which is computed once; they are decoded together, so that
/// the weights are read once for all.
///
/// Each is what a run alone gives: at most [Kernels#FEW_ROWS] are decoded at once, so that the bits
/// are the same.
final class SampleBatch {
  private final Generation wanted;
  private final TextGeneration model;

  /// A continuation while it is written.
  private record Sample(Sampler sampler, AnswerText text, Optional<LogProbs> logProbs) {
    /// Chooses an id.
    ///
    /// @return whether the text goes on
    boolean take(MemorySegment logits, int[] chosen, int at) {
      int id = sampler.next(logits);
      logProbs.ifPresent(log -> log.record(logits, id));
      sampler.accept(id);
      chosen[at] = id;
      return text.take(id);
    }
  }

  SampleBatch(Generation wanted) {
    this.wanted = wanted;
    this.model = wanted.model();
  }

  List<Result> run(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("samples must be at least 1, but are " + count);
    }
    if (wanted.draft().isPresent()) {
      throw new IllegalArgumentException("samples are decoded together, without a draft model");
    }
    List<Result> results = new ArrayList<>();
    try (Prefill prompt = wanted.prefill(Math.min(count, Kernels.FEW_ROWS))) {
      float[] logits = prompt.logits().data().toArray(ValueLayout.JAVA_FLOAT);
      for (int first = 0; first < count; first += Kernels.FEW_ROWS) {
        runGroup(prompt, logits, first, Math.min(count, first + Kernels.FEW_ROWS), results);
      }
    }
    return results;
  }

  private void runGroup(Prefill prompt, float[] logits, int first, int end, List<Result> results) {
    long started = System.nanoTime();
    Generator generator = prompt.generator();
    // Every sequence begins with the prompt.
    generator.rewind(prompt.ids().length);
    generator.select(new int[end - first]);
    List<Sample> samples = new ArrayList<>();
    for (int i = first; i < end; i++) {
      samples.add(sample(prompt.ids(), i));
    }
    write(generator, MemorySegment.ofArray(logits), samples);
    double seconds = (System.nanoTime() - started) / 1e9;
    for (Sample sample : samples) {
      results.add(
          new Result(
              sample.text.text(),
              prompt.ids().length,
              sample.text.tokens(),
              sample.text.finish().orElseThrow(),
              prompt.seconds(),
              sample.text.tokens() / seconds,
              sample.logProbs.map(LogProbs::tokens),
              prompt.cached(),
              Optional.empty()));
    }
  }

  private Sample sample(int[] ids, int number) {
    Sampler.Settings settings = wanted.sampling().withSeed(wanted.sampling().seed() + number);
    Sampler sampler = new Sampler(settings, model.model().config().vocabulary());
    for (int id : ids) {
      sampler.accept(id);
    }
    AnswerText text =
        new AnswerText(model.tokenizer(), ids, wanted.tokens(), wanted.stops(), piece -> {});
    return new Sample(sampler, text, wanted.newLogProbs());
  }

  private static void write(Generator generator, MemorySegment first, List<Sample> samples) {
    List<Sample> live = new ArrayList<>(samples);
    Optional<Tensor> logits = Optional.empty();
    while (true) {
      int[] chosen = new int[live.size()];
      int[] sources = new int[live.size()];
      int left = 0;
      for (int i = 0; i < live.size(); i++) {
        int row = i;
        MemorySegment mine = logits.map(all -> all.rows(row, row + 1).data()).orElse(first);
        if (live.get(i).take(mine, chosen, left)) {
          live.set(left, live.get(i));
          sources[left++] = i;
        }
      }
      live.subList(left, live.size()).clear();
      if (left == 0) {
        return;
      }
      if (generator.position() == generator.capacity()) {
        live.forEach(sample -> sample.text.end(Finish.CONTEXT));
        return;
      }
      if (left < sources.length) {
        generator.select(Arrays.copyOf(sources, left));
      }
      logits = Optional.of(generator.step(Arrays.copyOf(chosen, left)));
    }
  }
}
