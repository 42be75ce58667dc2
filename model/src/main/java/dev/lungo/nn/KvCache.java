package dev.lungo.nn;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.Kernels;
import dev.lungo.op.Attention;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The keys and values of the positions that a model has seen, layer by layer, so that each is
/// computed once. All sequences have the same length.
///
/// In float32 they are used where they lie. In float16 or Q8_0 they take a half or about a quarter
/// of the memory, and each number is rounded once, when it is stored.
public final class KvCache {
  private final CachedNumbers[] keys;
  private final CachedNumbers[] values;
  private final DType type;
  private final int most;
  private final int capacity;
  private final int headDim;
  private int batch;
  private int length;
  private Optional<RollingWindow> rolling = Optional.empty();
  private KeyTurn turn = KeyTurn.NONE;

  /// Reserves memory for `capacity` positions of up to `batch` sequences, in float32.
  public KvCache(
      Workspace workspace, int layers, int batch, int capacity, int kvHeads, int headDim) {
    this(workspace, layers, batch, capacity, kvHeads, headDim, DType.FLOAT32);
  }

  /// Reserves memory for `capacity` positions of up to `batch` sequences.
  ///
  /// @param type of the stored numbers: FLOAT32, FLOAT16 or Q8_0
  public KvCache(
      Workspace workspace,
      int layers,
      int batch,
      int capacity,
      int kvHeads,
      int headDim,
      DType type) {
    this.type = type;
    this.most = batch;
    this.batch = batch;
    this.capacity = capacity;
    this.headDim = headDim;
    keys = new CachedNumbers[layers];
    values = new CachedNumbers[layers];
    Shape shape = Shape.of(batch, capacity, kvHeads, headDim);
    CachedNumbers.Expanded expandedKeys = new CachedNumbers.Expanded(workspace, type, shape);
    CachedNumbers.Expanded expandedValues = new CachedNumbers.Expanded(workspace, type, shape);
    for (int layer = 0; layer < layers; layer++) {
      keys[layer] = new CachedNumbers(workspace, shape, type, expandedKeys);
      values[layer] = new CachedNumbers(workspace, shape, type, expandedValues);
    }
  }

  /// Lets this cache forget, so that texts of any length fit it. Positions are those within the
  /// cache (arXiv:2309.17453): what is kept moves up where something is forgotten.
  ///
  /// @param turn what takes keys to other positions
  public KvCache roll(RollingWindow window, KeyTurn turn) {
    if (length > 0) {
      throw new IllegalStateException("cache: it can begin to roll only while it is empty");
    }
    if (window.visible() > capacity) {
      throw new IllegalArgumentException(
          "cache: " + window + " exceeds its capacity of " + capacity);
    }
    rolling = Optional.of(window);
    this.turn = turn;
    return this;
  }

  /// Returns the most positions that can be added at once.
  public int room() {
    return rolling.map(window -> capacity - window.visible() + 1).orElse(capacity - length);
  }

  /// Forgets what no further token will see, if there is no room otherwise for `count` positions
  /// more and this cache may forget.
  public void makeRoom(int count) {
    if (rolling.isEmpty() || length + count <= capacity) {
      return;
    }
    int sinks = rolling.get().sinks();
    int forgotten = length - (rolling.get().visible() - 1);
    if (forgotten < 1 || length - forgotten + count > capacity) {
      throw new IllegalArgumentException(
          "cache: " + count + " positions at once exceed the " + room() + " that it has room for");
    }
    KeyTurn.Angles back = turn.by(-forgotten);
    for (int layer = 0; layer < keys.length; layer++) {
      keys[layer].forget(batch, sinks, forgotten, length);
      values[layer].forget(batch, sinks, forgotten, length);
      if (!turn.isNone()) {
        keys[layer].turn(back, batch, sinks, length - forgotten, headDim);
      }
    }
    length -= forgotten;
  }

  /// Says whether no further position can be added.
  public boolean isFull() {
    return rolling.isEmpty() && length == capacity;
  }

  /// Returns how many positions are filled.
  public int length() {
    return length;
  }

  public int capacity() {
    return capacity;
  }

  /// Returns how many sequences there are now.
  public int sequences() {
    return batch;
  }

  /// Returns the type of the stored numbers.
  public DType type() {
    return type;
  }

  /// Forgets the positions from `length` on.
  public void truncate(int length) {
    if (length < 0 || length > this.length) {
      throw new IllegalArgumentException(
          "cache: cannot truncate " + this.length + " positions to " + length);
    }
    this.length = length;
  }

  /// Makes sequence i what sequence `sources[i]` is now, for as many sequences as there are
  /// sources.
  public void select(int... sources) {
    if (sources.length < 1 || sources.length > most) {
      throw new IllegalArgumentException(
          "cache: has room for 1 to " + most + " sequences, not " + sources.length);
    }
    for (int source : sources) {
      if (source < 0 || source >= batch) {
        throw new IllegalArgumentException(
            "cache: there is no sequence " + source + " among " + batch);
      }
    }
    for (int layer = 0; layer < keys.length; layer++) {
      keys[layer].select(sources, length);
      values[layer].select(sources, length);
    }
    batch = sources.length;
  }

  /// Starts anew with so many empty sequences.
  public void restart(int sequences) {
    if (sequences < 1 || sequences > most) {
      throw new IllegalArgumentException(
          "cache: has room for 1 to " + most + " sequences, not " + sequences);
    }
    batch = sequences;
    length = 0;
  }

  /// Returns the stored bytes of the first `positions` positions of the first sequence, keys and
  /// then values of each layer. They are the cache's own memory.
  ///
  /// @throws IllegalArgumentException if they exceed the capacity
  public List<MemorySegment> stored(int positions) {
    if (positions < 0 || positions > capacity) {
      throw new IllegalArgumentException(
          "cache: " + positions + " positions exceed its capacity of " + capacity);
    }
    List<MemorySegment> parts = new ArrayList<>(2 * keys.length);
    for (int layer = 0; layer < keys.length; layer++) {
      parts.add(keys[layer].stored(positions));
      parts.add(values[layer].stored(positions));
    }
    return parts;
  }

  /// Stores what a layer has for new positions, without attending to it: a recurrent model's
  /// states. The length grows only with [#advance].
  ///
  /// @param k (B, T, numbers), float32 as this cache has to be; `v` likewise, if there is one
  public void store(int layer, Tensor k, Optional<Tensor> v) {
    checkRoom(k);
    keys[layer].store(k, length);
    v.ifPresent(present -> values[layer].store(present, length));
  }

  /// Returns a copy of the last position's numbers, stored as keys, (B, numbers).
  public Tensor lastKeys(Pass pass, int layer) {
    return keys[layer].position(pass, batch, length - 1);
  }

  /// Returns a copy of the last position's numbers, stored as values, (B, numbers).
  public Tensor lastValues(Pass pass, int layer) {
    return values[layer].position(pass, batch, length - 1);
  }

  /// Stores the keys and values of new positions and attends from them to all positions so far. The
  /// length grows only with [#advance], once every layer has done this.
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, T, KV heads, D); `v` likewise
  /// @return (B, T, H, D)
  Tensor attend(Pass pass, int layer, AttentionRule rule, Tensor q, Tensor k, Tensor v) {
    int count = k.shape().dimension(1);
    checkRoom(k);
    keys[layer].store(k, length);
    values[layer].store(v, length);
    boolean stored = type != DType.FLOAT32;
    boolean few = count <= Kernels.FEW_ROWS;
    int positions = length + count;
    AttentionShape shape =
        seen(rule)
            .shape(
                batch,
                count,
                positions,
                stored && !few ? positions : capacity,
                q.shape().dimension(2),
                k.shape().dimension(2),
                q.shape().width());
    if (!stored) {
      return Attention.attention(
          pass, shape, q, keys[layer].sequences(batch), values[layer].sequences(batch));
    }
    if (few) {
      return Attention.toStored(
          pass, shape, q, keys[layer].sequences(batch), values[layer].sequences(batch));
    }
    // Many queries pay for one layer's numbers in float32 at a time.
    return Attention.attention(
        pass,
        shape,
        q,
        keys[layer].expand(pass, batch, positions),
        values[layer].expand(pass, batch, positions));
  }

  private void checkRoom(Tensor k) {
    int count = k.shape().dimension(1);
    if (k.shape().dimension(0) != batch) {
      throw new IllegalArgumentException(
          "cache: holds " + batch + " sequences, but got keys of " + k.shape().dimension(0));
    }
    if (length + count > capacity) {
      throw new IllegalArgumentException(
          "cache: "
              + length
              + " positions and "
              + count
              + " more exceed its capacity of "
              + capacity);
    }
  }

  /// Hides what a cache that forgets might not hold any more, so that what a query sees does not
  /// depend on when it forgot.
  private AttentionRule seen(AttentionRule rule) {
    if (rolling.isEmpty()) {
      return rule;
    }
    int window =
        switch (rule.pattern()) {
          case AttentionPattern.Causal _ -> rolling.get().window();
          case AttentionPattern.Window own -> Math.min(own.size(), rolling.get().window());
          default ->
              throw new IllegalArgumentException(
                  "cache: one that forgets serves causal attention and windows, not "
                      + rule.pattern().text());
        };
    int sinks = rolling.get().sinks();
    return rule.with(
        sinks == 0
            ? new AttentionPattern.Window(window)
            : new AttentionPattern.Sinks(sinks, window));
  }

  /// Counts positions that every layer has stored.
  public void advance(int count) {
    length += count;
  }
}
