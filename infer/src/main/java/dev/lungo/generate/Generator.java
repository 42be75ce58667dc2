package dev.lungo.generate;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.KvCache;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Arrays;
import java.util.Optional;

/// Runs a model token by token: the prompt in blocks, then each new id from the logits of the one
/// before (autoregression).
public final class Generator implements AutoCloseable {
  /// Positions of a prompt that are computed at once.
  private static final int PREFILL_BLOCK = 256;

  private final Kernels kernels;
  private final LanguageModel model;
  private final Workspace cacheMemory = new Workspace("key/value cache");
  private final Workspace workspace = new Workspace("generation step");
  private final KvCache cache;

  /// Reserves a cache for `capacity` positions, prompt and answer together.
  public Generator(Kernels kernels, LanguageModel model, int capacity) {
    if (capacity < 1 || capacity > model.config().context()) {
      throw new IllegalArgumentException(
          "the model's context is "
              + model.config().context()
              + " positions, but "
              + capacity
              + " are needed; shorten the prompt or generate fewer tokens");
    }
    this.kernels = kernels;
    this.model = model;
    this.cache = model.newCache(cacheMemory, 1, capacity);
  }

  /// Returns how many positions the model has seen.
  public int position() {
    return cache.length();
  }

  /// Feeds ids and returns the logits of what comes next, valid until the next call.
  ///
  /// @return (V)
  public Tensor feed(int... ids) {
    if (ids.length == 0) {
      throw new IllegalArgumentException("feed: at least one id is needed");
    }
    int from = 0;
    for (; from + PREFILL_BLOCK < ids.length; from += PREFILL_BLOCK) {
      hidden(Arrays.copyOfRange(ids, from, from + PREFILL_BLOCK));
    }
    int[] rest = Arrays.copyOfRange(ids, from, ids.length);
    Tensor rows = hidden(rest).view(rest.length, model.config().width());
    Tensor last = rows.rows(rest.length - 1, rest.length);
    return model.logits(Pass.inference(kernels, workspace), last).view(model.config().vocabulary());
  }

  private Tensor hidden(int[] ids) {
    workspace.reset();
    Tensor input = workspace.allocate(Shape.of(1, ids.length), DType.INT32).set(ids);
    return model.hidden(Pass.inference(kernels, workspace), input, Optional.of(cache));
  }

  /// Forgets the positions from `length` on.
  public void rewind(int length) {
    cache.truncate(length);
  }

  @Override
  public void close() {
    cacheMemory.close();
    workspace.close();
  }
}
