package dev.lungo.generate;

import dev.lungo.nn.RollingWindow;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;

/// A prompt that the model has read.
///
/// @param ids of the prompt
/// @param logits of what follows it, valid until the generator is fed
/// @param cached how many positions came from a prompt cache, if there is one
/// @param seconds that it took
record Prefill(
    Generator generator, int[] ids, Tensor logits, Optional<Integer> cached, double seconds)
    implements AutoCloseable {

  /// Reads a prompt.
  ///
  /// @param count most tokens to add to it
  /// @param listener hears of a prompt of several blocks
  static Prefill of(
      TextGeneration model,
      int[] ids,
      int count,
      int sequences,
      DType cacheType,
      Optional<PromptCache> cache,
      PromptListener listener)
      throws IOException {
    int context = model.model().config().context();
    if (ids.length >= context) {
      throw new IllegalArgumentException(
          "the prompt has "
              + ids.length
              + " tokens, but the model's context is "
              + context
              + " positions; shorten it, extend the context, or read it through a window (--window)");
    }
    int capacity = (int) Math.min(context, (long) ids.length + count);
    Generator generator = model.generator(capacity, sequences, cacheType);
    try {
      long started = System.nanoTime();
      int regime = model.model().config().positionRegime(capacity);
      Optional<PromptCache> prompts = cache.map(file -> file.at(regime));
      int known = prompts.isPresent() ? prompts.get().load(generator.cache(), ids) : 0;
      Tensor logits =
          generator.feed(
              Arrays.copyOfRange(ids, known, ids.length),
              fed -> listener.read(known + fed, ids.length));
      if (prompts.isPresent()) {
        prompts.get().save(generator.cache(), ids);
      }
      double seconds = (System.nanoTime() - started) / 1e9;
      return new Prefill(generator, ids, logits, cache.map(present -> known), seconds);
    } catch (IOException | RuntimeException failed) {
      generator.close();
      throw failed;
    }
  }

  /// Reads a prompt of any length through a window.
  static Prefill of(
      TextGeneration model,
      int[] ids,
      RollingWindow window,
      DType cacheType,
      PromptListener listener) {
    Generator generator = new Generator(model.kernels(), model.model(), window, cacheType);
    try {
      long started = System.nanoTime();
      Tensor logits = generator.feed(ids, fed -> listener.read(fed, ids.length));
      double seconds = (System.nanoTime() - started) / 1e9;
      return new Prefill(generator, ids, logits, Optional.empty(), seconds);
    } catch (RuntimeException failed) {
      generator.close();
      throw failed;
    }
  }

  @Override
  public void close() {
    generator.close();
  }
}
