package dev.lungo.tokenizer;

import java.util.Arrays;

/// The pairs of tokens that byte-pair encoding joins: for each pair its rank (smaller is joined
/// first) and its result.
///
/// An entry is one `long`, rank above and resulting id below, so that the smallest entry is the
/// pair to join.
public final class MergeTable {
  /// The entry of a pair that is not joined: larger than any other.
  static final long NONE = Long.MAX_VALUE;

  private static final long NO_KEY = -1;

  private final int[] byteIds = new int[256];
  private final long[] bytePairs = new long[1 << 16];
  private final long[] table;
  private final int mask;
  private final int rankCount;

  private MergeTable(int[] byteIds, long[] table, int rankCount) {
    System.arraycopy(byteIds, 0, this.byteIds, 0, 256);
    this.table = table;
    this.mask = table.length / 2 - 1;
    this.rankCount = rankCount;
    for (int left = 0; left < 256; left++) {
      for (int right = 0; right < 256; right++) {
        bytePairs[left << 8 | right] = entry(byteIds[left], byteIds[right]);
      }
    }
  }

  /// Builds the table from an ordered list of merges.
  ///
  /// @param merges left id, right id and resulting id of each merge, one after the other, best rank
  ///   first; of a pair that appears twice, the first counts
  /// @param byteIds the id of each single byte
  public static MergeTable ofMerges(int[] merges, int[] byteIds) {
    int count = merges.length / 3;
    Builder builder = new Builder(count);
    for (int i = 0; i < count; i++) {
      builder.add(merges[3 * i], merges[3 * i + 1], i, merges[3 * i + 2]);
    }
    return new MergeTable(byteIds, builder.table, count);
  }

  /// Builds the table from a vocabulary whose ids are the ranks, as in tiktoken's files: any two
  /// tokens whose joined bytes are a token are joined.
  ///
  /// @param byteIds the id of each single byte
  public static MergeTable ofRanks(Vocabulary vocabulary, int[] byteIds) {
    Builder builder = new Builder(vocabulary.size() * 3);
    for (int id = 0; id < vocabulary.size(); id++) {
      byte[] bytes = vocabulary.bytesOf(id);
      for (int cut = 1; cut < bytes.length; cut++) {
        int left = vocabulary.find(bytes, 0, cut);
        int right = left < 0 ? -1 : vocabulary.find(bytes, cut, bytes.length);
        if (right >= 0) {
          builder.add(left, right, id, id);
        }
      }
    }
    return new MergeTable(byteIds, builder.table, vocabulary.size());
  }

  /// Returns one more than the largest rank.
  int rankCount() {
    return rankCount;
  }

  int byteId(int b) {
    return byteIds[b & 0xff];
  }

  /// Returns the entry of two neighbouring bytes.
  long bytesEntry(int left, int right) {
    return bytePairs[(left & 0xff) << 8 | right & 0xff];
  }

  /// Returns the entry of two neighbouring tokens, [#NONE] if they are not joined.
  long entry(int left, int right) {
    long key = (long) left << 32 | right;
    int slot = slotOf(key, mask);
    while (true) {
      long found = table[2 * slot];
      if (found == key) {
        return table[2 * slot + 1];
      }
      if (found == NO_KEY) {
        return NONE;
      }
      slot = slot + 1 & mask;
    }
  }

  static int rank(long entry) {
    return (int) (entry >>> 32);
  }

  static int result(long entry) {
    return (int) entry;
  }

  private static int slotOf(long key, int mask) {
    long mixed = key * 0x9e3779b97f4a7c15L;
    return (int) (mixed >>> 32) & mask;
  }

  private static final class Builder {
    private long[] table;
    private int size;

    Builder(int expected) {
      table = emptyTable(Math.max(16, expected));
    }

    private static long[] emptyTable(int entries) {
      if (entries > 1 << 28) {
        throw new IllegalArgumentException("too many merges: " + entries);
      }
      long[] table = new long[Integer.highestOneBit(entries) * 8];
      Arrays.fill(table, NO_KEY);
      return table;
    }

    void add(int left, int right, int rank, int result) {
      if (size * 4L > table.length) {
        grow();
      }
      long key = (long) left << 32 | right;
      int slot = freeSlot(table, key);
      if (table[2 * slot] == NO_KEY) {
        table[2 * slot] = key;
        table[2 * slot + 1] = (long) rank << 32 | result;
        size++;
      }
    }

    private static int freeSlot(long[] table, long key) {
      int mask = table.length / 2 - 1;
      int slot = slotOf(key, mask);
      while (table[2 * slot] != NO_KEY && table[2 * slot] != key) {
        slot = slot + 1 & mask;
      }
      return slot;
    }

    private void grow() {
      long[] larger = emptyTable(table.length / 4);
      for (int i = 0; i < table.length; i += 2) {
        if (table[i] != NO_KEY) {
          int slot = freeSlot(larger, table[i]);
          larger[2 * slot] = table[i];
          larger[2 * slot + 1] = table[i + 1];
        }
      }
      table = larger;
    }
  }
}
