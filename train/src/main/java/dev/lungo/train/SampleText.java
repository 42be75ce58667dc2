package dev.lungo.train;

import dev.lungo.generate.Generator;
import dev.lungo.generate.Sampler;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.tensor.Tensor;
import dev.lungo.tokenizer.StreamingDecoder;
import dev.lungo.tokenizer.Tokenizer;

/// Lets a model that is being trained write a few lines.
final class SampleText {
  private static final int TOKENS = 64;
  private static final Sampler.Settings SETTINGS = new Sampler.Settings(0.7f, 40, 1, 0, 1, 64, 1);

  private SampleText() {}

  /// Returns what the model makes of a prompt; stops at the end of a text or of the context.
  static String continuation(
      Kernels kernels, LanguageModel model, Tokenizer tokenizer, String prompt) {
    int[] ids = tokenizer.encode(prompt);
    int capacity = Math.min(model.config().context(), ids.length + TOKENS);
    if (ids.length == 0 || ids.length >= capacity) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    try (Generator generator = new Generator(kernels, model, capacity)) {
      Sampler sampler = new Sampler(SETTINGS, model.config().vocabulary());
      StreamingDecoder decoder = tokenizer.streamingDecoder();
      Tensor logits = generator.feed(ids);
      while (true) {
        int id = sampler.next(logits.data());
        if (id >= tokenizer.vocabularySize() || tokenizer.isSpecial(id)) {
          break;
        }
        sampler.accept(id);
        text.append(decoder.accept(id));
        if (generator.position() == capacity) {
          break;
        }
        logits = generator.feed(id);
      }
      return text.append(decoder.finish()).toString();
    }
  }
}
