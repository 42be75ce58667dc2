package dev.lungo.generate;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.KvCache;
import dev.lungo.nn.RollingWindow;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntConsumer;

/// Runs a model token by token: the prompt in blocks, then each new id from the logits of the one
/// before (autoregression); several continuations of one prompt at once, if asked.
///
/// An id's logits have the same bits whether up to [Kernels#FEW_ROWS] ids are computed together or
/// one by one. A prompt of more ids is computed in blocks that are all longer than that, and then
/// how it is cut into blocks makes no difference either, unless the model's attention has a window.
public final class Generator implements AutoCloseable {
  /// Positions of a prompt that are computed at once.
  private static final int PREFILL_BLOCK = 256;

  private final Kernels kernels;
  private final LanguageModel model;
  private final Workspace cacheMemory = new Workspace("key/value cache");
  private final Workspace workspace = new Workspace("generation step");
  private final KvCache cache;

  /// Takes the hidden states of some positions.
  @FunctionalInterface
  interface StateReader {
    /// @param first the first of the positions
    /// @param states (T, C), valid until this returns
    void read(int first, Tensor states);
  }

  /// Reserves a cache for `capacity` positions, prompt and answer together.
  public Generator(Kernels kernels, LanguageModel model, int capacity) {
    this(kernels, model, capacity, 1, DType.FLOAT32);
  }

  /// Reserves a cache for `capacity` positions of up to `sequences` continuations.
  ///
  /// @param cacheType what keys and values are kept in: FLOAT32, FLOAT16 or Q8_0
  public Generator(
      Kernels kernels, LanguageModel model, int capacity, int sequences, DType cacheType) {
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
    this.cache = model.newCache(cacheMemory, sequences, capacity, cacheType);
    cache.restart(1);
  }

  /// Reserves a cache that keeps a window of texts of any length, and their first positions.
  public Generator(Kernels kernels, LanguageModel model, RollingWindow window, DType cacheType) {
    this.kernels = kernels;
    this.model = model;
    this.cache = model.newRollingCache(cacheMemory, 1, window, cacheType);
  }

  /// Returns how many positions are in the cache: all that the model has seen, unless it forgets.
  public int position() {
    return cache.length();
  }

  /// Returns how many positions there is room for.
  public int capacity() {
    return cache.capacity();
  }

  /// Says whether no further id can be fed.
  public boolean isFull() {
    return cache.isFull();
  }

  /// Feeds ids to the only sequence and returns the logits of what comes next, valid until the next
  /// call.
  ///
  /// @return (V)
  public Tensor feed(int... ids) {
    return feed(ids, fed -> {});
  }

  /// Does the same, and says after each block how many of the ids are fed.
  Tensor feed(int[] ids, IntConsumer progress) {
    if (ids.length == 0) {
      throw new IllegalArgumentException("feed: at least one id is needed");
    }
    int from = 0;
    for (int block = firstBlock(ids.length); block < ids.length - from; ) {
      states(Arrays.copyOfRange(ids, from, from + block));
      from += block;
      progress.accept(from);
      block = firstBlock(ids.length - from);
    }
    int[] rest = Arrays.copyOfRange(ids, from, ids.length);
    Tensor rows = states(rest);
    return logits(rows.rows(rest.length - 1, rest.length)).view(model.config().vocabulary());
  }

  /// Leaves no last block so short that other kernels would take it.
  private int firstBlock(int count) {
    int most = Math.clamp(cache.room(), 1, PREFILL_BLOCK);
    return count <= most ? count : Math.clamp(count - Kernels.FEW_ROWS - 1, 1, most);
  }

  /// Feeds ids to the only sequence, all at once, and returns the logits after each, valid until
  /// the next call.
  ///
  /// @return (T, V)
  public Tensor feedAll(int... ids) {
    return logits(states(ids));
  }

  /// Feeds one id to each sequence and returns the logits of what comes next, valid until the next
  /// call.
  ///
  /// @return (B, V)
  public Tensor step(int... ids) {
    return logits(run(ids, ids.length).view(ids.length, model.config().width()));
  }

  /// Feeds ids to the only sequence and shows their hidden states block by block.
  void read(int[] ids, StateReader reader) {
    int from = 0;
    while (from < ids.length) {
      int block = firstBlock(ids.length - from);
      reader.read(from, states(Arrays.copyOfRange(ids, from, from + block)));
      from += block;
    }
  }

  /// Computes logits of hidden states, valid until ids are fed.
  Tensor logits(Tensor states) {
    return model.logits(Pass.inference(kernels, workspace), states);
  }

  private Tensor states(int[] ids) {
    return run(ids, 1).view(ids.length, model.config().width());
  }

  private Tensor run(int[] ids, int sequences) {
    workspace.reset();
    model.parameters().requireWhole();
    Tensor input =
        workspace.allocate(Shape.of(sequences, ids.length / sequences), DType.INT32).set(ids);
    return model.hidden(Pass.inference(kernels, workspace), input, Optional.of(cache));
  }

  /// Makes sequence i what sequence `sources[i]` is now, for as many sequences as there are
  /// sources.
  public void select(int... sources) {
    cache.select(sources);
  }

  /// Forgets the positions from `length` on.
  public void rewind(int length) {
    cache.truncate(length);
  }

  KvCache cache() {
    return cache;
  }

  @Override
  public void close() {
    cacheMemory.close();
    workspace.close();
  }
}
