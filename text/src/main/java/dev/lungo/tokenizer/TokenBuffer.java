package dev.lungo.tokenizer;

import java.util.Arrays;

/// Collects token ids in an array that grows. Not thread-safe.
public final class TokenBuffer {
  private int[] ids;
  private int size;

  public TokenBuffer() {
    this(64);
  }

  /// @param capacity how many ids fit before the first growth
  public TokenBuffer(int capacity) {
    ids = new int[Math.max(capacity, 1)];
  }

  public int size() {
    return size;
  }

  public int get(int index) {
    if (index >= size) {
      throw new IndexOutOfBoundsException("token " + index + " of " + size);
    }
    return ids[index];
  }

  public void add(int id) {
    if (size == ids.length) {
      grow(size + 1);
    }
    ids[size++] = id;
  }

  /// Appends `count` ids of `source`, beginning at `from`.
  public void addAll(int[] source, int from, int count) {
    reserve(count);
    System.arraycopy(source, from, ids, size, count);
    size += count;
  }

  /// Appends everything that `other` holds.
  public void addAll(TokenBuffer other) {
    addAll(other.ids, 0, other.size);
  }

  /// Takes every `id` out, beginning at number `from`.
  void remove(int id, int from) {
    int kept = from;
    for (int i = from; i < size; i++) {
      ids[kept] = ids[i];
      kept += ids[i] == id ? 0 : 1;
    }
    size = kept;
  }

  /// Forgets the ids and keeps the memory.
  public void clear() {
    size = 0;
  }

  public int[] toArray() {
    return Arrays.copyOf(ids, size);
  }

  /// Returns the array behind this buffer, valid up to [#size()] and until the next append: for
  /// copying in bulk.
  public int[] array() {
    return ids;
  }

  /// Makes room for `count` more ids, so that [#array()] may be written beyond [#size()].
  void reserve(int count) {
    if (ids.length - size < count) {
      grow(Math.addExact(size, count));
    }
  }

  /// Counts `count` ids, written directly into [#array()], as appended.
  void advance(int count) {
    size += count;
  }

  private void grow(int needed) {
    long doubled = Math.min((long) ids.length * 2, Integer.MAX_VALUE - 8);
    ids = Arrays.copyOf(ids, (int) Math.max(doubled, needed));
  }
}
