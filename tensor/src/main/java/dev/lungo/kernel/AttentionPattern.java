package dev.lungo.kernel;

import java.util.List;

/// Which keys a query sees. A pattern is a run of keys near the query's own position and, in the
/// sparse ones, some keys far from it: kernels walk the run block by block, gather the far keys,
/// and touch nothing else.
///
/// Positions count from the sequence's first key. Runs move forwards only: neither end of a later
/// query's run comes before that of an earlier one's.
public sealed interface AttentionPattern {
  /// Each query sees all keys, as in an encoder or from a decoder to an encoder.
  AttentionPattern EVERYTHING = new Everything();

  /// Each query sees the keys at its own position and before.
  AttentionPattern CAUSAL = new Causal();

  /// Returns the first key of the run that the query at `position` sees; may be negative.
  int nearFrom(int position);

  /// Returns the first key after that run; may lie beyond the last key.
  int nearTo(int position);

  /// Says whether the query at `position` sees a key outside its run.
  boolean seesFar(int position, int key);

  /// Returns which of `queries` queries, 32 at most, from the one at `position` on see a key
  /// outside their runs: a bit each, the first lowest. A bit of a query whose run holds the key may
  /// be set.
  default int farQueries(int position, int queries, int key) {
    int seen = 0;
    for (int i = 0; i < queries; i++) {
      seen |= seesFar(position + i, key) ? 1 << i : 0;
    }
    return seen;
  }

  /// Writes the keys, ascending, that some query at `first` to before `end` sees and that lie in
  /// [0, from) or [to, keys); returns how many. It may name a key too many, never one too few.
  int gatherFar(int first, int end, int from, int to, int keys, int[] into);

  /// Says whether no query sees a key after its own position.
  default boolean causal() {
    return true;
  }

  /// Says whether queries see their runs and nothing else.
  default boolean contiguous() {
    return false;
  }

  /// Says whether the query at `position` sees a key.
  default boolean sees(int position, int key) {
    return (key >= nearFrom(position) && key < nearTo(position)) || seesFar(position, key);
  }

  /// Returns the pattern in the words of [#parse].
  String text();

  /// Reads a pattern: `causal`, `everything`, `window:256`, `strided:64`, `fixed:64`,
  /// `fixed:64,summary:8`, `global:16,window:256`, `sinks:4,window:256`, or `blocks:64,1/11/101`.
  ///
  /// @throws IllegalArgumentException if it is none; the message lists them
  static AttentionPattern parse(String text) {
    return PatternText.parse(text);
  }

  /// Returns bits for the queries from index `first` on, of so many.
  private static int from(int first, int queries) {
    long all = (1L << queries) - 1;
    return (int) (first <= 0 ? all : first >= queries ? 0 : all & -1L << first);
  }

  private static int add(int from, int to, int[] into, int count) {
    int written = count;
    for (int key = from; key < to; key++) {
      into[written++] = key;
    }
    return written;
  }

  private static void atLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "attention pattern: " + name + " must be at least 1, but is " + value);
    }
  }

  /// A pattern without far keys.
  sealed interface Run extends AttentionPattern {
    @Override
    default boolean contiguous() {
      return true;
    }

    @Override
    default boolean seesFar(int position, int key) {
      return false;
    }

    @Override
    default int farQueries(int position, int queries, int key) {
      return 0;
    }

    @Override
    default int gatherFar(int first, int end, int from, int to, int keys, int[] into) {
      return 0;
    }
  }

  /// All keys.
  record Everything() implements Run {
    @Override
    public int nearFrom(int position) {
      return 0;
    }

    @Override
    public int nearTo(int position) {
      return Integer.MAX_VALUE;
    }

    @Override
    public boolean causal() {
      return false;
    }

    @Override
    public String text() {
      return "everything";
    }
  }

  /// The keys up to the query's own.
  record Causal() implements Run {
    @Override
    public int nearFrom(int position) {
      return 0;
    }

    @Override
    public int nearTo(int position) {
      return position + 1;
    }

    @Override
    public String text() {
      return "causal";
    }
  }

  /// The query's own key and those right before it (sliding window, Beltagy et al. 2020,
  /// arXiv:2004.05150).
  ///
  /// @param size the most keys that a query sees
  record Window(int size) implements Run {
    public Window {
      if (size < 1) {
        throw new IllegalArgumentException(
            "attention: a window must be at least 1, but is window " + size);
      }
    }

    @Override
    public int nearFrom(int position) {
      return position - size + 1;
    }

    @Override
    public int nearTo(int position) {
      return position + 1;
    }

    @Override
    public String text() {
      return "window:" + size;
    }
  }

  /// The last `stride` keys, and before them every `stride`-th (strided attention, both heads of
  /// Child et al. 2019, arXiv:1904.10509, merged): √T keys a query where the stride is √T.
  record Strided(int stride) implements AttentionPattern {
    public Strided {
      atLeastOne("a stride", stride);
    }

    @Override
    public int nearFrom(int position) {
      return position - stride + 1;
    }

    @Override
    public int nearTo(int position) {
      return position + 1;
    }

    @Override
    public boolean seesFar(int position, int key) {
      return key <= position && (position - key) % stride == 0;
    }

    @Override
    public int farQueries(int position, int queries, int key) {
      int seen = 0;
      for (int i = Math.floorMod(key - position, stride); i < queries; i += stride) {
        seen |= 1 << i;
      }
      return seen & from(key - position, queries);
    }

    @Override
    public int gatherFar(int first, int end, int from, int to, int keys, int[] into) {
      int some = Math.min(stride, end - first);
      int count = 0;
      for (int key = first % stride - stride; key < from; key += stride) {
        count = add(Math.max(0, key), Math.min(from, key + some), into, count);
      }
      return count;
    }

    @Override
    public String text() {
      return "strided:" + stride;
    }
  }

  /// The query's own block up to its key, and the last `summary` keys of each block before (fixed
  /// attention, Child et al. 2019, arXiv:1904.10509).
  ///
  /// @param stride keys of a block
  /// @param summary keys of a block that all later blocks see
  record Fixed(int stride, int summary) implements AttentionPattern {
    public Fixed {
      atLeastOne("a block", stride);
      atLeastOne("a block's summary", summary);
      if (summary > stride) {
        throw new IllegalArgumentException(
            "attention pattern: the summary of "
                + summary
                + " keys is longer than its block of "
                + stride);
      }
    }

    @Override
    public int nearFrom(int position) {
      return position / stride * stride;
    }

    @Override
    public int nearTo(int position) {
      return position + 1;
    }

    @Override
    public boolean seesFar(int position, int key) {
      return key <= position && key % stride >= stride - summary;
    }

    @Override
    public int farQueries(int position, int queries, int key) {
      return key % stride >= stride - summary ? from(key - position, queries) : 0;
    }

    @Override
    public int gatherFar(int first, int end, int from, int to, int keys, int[] into) {
      int count = 0;
      for (int block = stride; block - summary < from; block += stride) {
        count = add(block - summary, Math.min(from, block), into, count);
      }
      return count;
    }

    @Override
    public String text() {
      return "fixed:" + stride + ",summary:" + summary;
    }
  }

  /// A window, and `count` keys at the beginning that every query sees and whose queries see
  /// everything (Longformer, Beltagy et al. 2020, arXiv:2004.05150).
  ///
  /// @param window keys before and after the query's own, half of them on each side; in a causal
  ///   model the keys up to the query's own, which is one of them
  record Global(int count, int window, boolean causal) implements AttentionPattern {
    public Global {
      atLeastOne("the number of global keys", count);
      atLeastOne("a window", window);
    }

    @Override
    public int nearFrom(int position) {
      return causal ? position - window + 1 : position - window / 2;
    }

    @Override
    public int nearTo(int position) {
      return causal ? position + 1 : position + window / 2 + 1;
    }

    @Override
    public boolean seesFar(int position, int key) {
      return (key < count || position < count) && (!causal || key <= position);
    }

    @Override
    public int farQueries(int position, int queries, int key) {
      if (key >= count && position >= count) {
        return 0;
      }
      int own = key < count ? -1 : ~from(count - position, queries);
      return own & from(causal ? key - position : 0, queries);
    }

    @Override
    public int gatherFar(int first, int end, int from, int to, int keys, int[] into) {
      boolean all = first < count;
      int before = add(0, all ? from : Math.min(from, count), into, 0);
      return causal ? before : add(all ? to : Math.max(to, 0), all ? keys : count, into, before);
    }

    @Override
    public String text() {
      return (causal ? "" : "everything,") + "global:" + count + ",window:" + window;
    }
  }

  /// A window, and the first `count` keys, on which attention that has nowhere to go settles
  /// (attention sinks, Xiao et al. 2023, arXiv:2309.17453).
  record Sinks(int count, int window) implements AttentionPattern {
    public Sinks {
      atLeastOne("the number of sinks", count);
      atLeastOne("a window", window);
    }

    @Override
    public int nearFrom(int position) {
      return position - window + 1;
    }

    @Override
    public int nearTo(int position) {
      return position + 1;
    }

    @Override
    public boolean seesFar(int position, int key) {
      return key < count && key <= position;
    }

    @Override
    public int farQueries(int position, int queries, int key) {
      return key < count ? from(key - position, queries) : 0;
    }

    @Override
    public int gatherFar(int first, int end, int from, int to, int keys, int[] into) {
      return add(0, Math.min(from, count), into, 0);
    }

    @Override
    public String text() {
      return "sinks:" + count + ",window:" + window;
    }
  }

  /// Whatever the user says, block by block.
  ///
  /// @param size positions of a block
  /// @param rows for each block of queries a string with a `1` for each block of keys that it sees
  ///   and a `0` for each other; what is missing at its end is not seen
  /// @param causal whether keys after a query's own are hidden all the same
  record Blocks(int size, List<String> rows, boolean causal) implements AttentionPattern {
    public Blocks {
      atLeastOne("a block", size);
      rows = List.copyOf(rows);
      for (int row = 0; row < rows.size(); row++) {
        if (!rows.get(row).matches("[01]+")) {
          throw new IllegalArgumentException(
              "attention pattern: row " + row + " '" + rows.get(row) + "' must be of 0s and 1s");
        }
        int first = rows.get(row).indexOf('1');
        if (first < 0 || (causal && first > row)) {
          throw new IllegalArgumentException(
              "attention pattern: the queries of block row "
                  + row
                  + " ('"
                  + rows.get(row)
                  + "') see no key; let them see block "
                  + row
                  + " at least");
        }
      }
    }

    /// Refuses sequences that have more blocks than there are rows, or queries without keys.
    void check(int keys) {
      int blocks = (keys - 1) / size + 1;
      if (blocks > rows.size()) {
        throw new IllegalArgumentException(
            "attention pattern: "
                + keys
                + " positions are "
                + blocks
                + " blocks of "
                + size
                + ", but only "
                + rows.size()
                + " rows say what they see");
      }
      for (int row = 0; row < blocks; row++) {
        if (rows.get(row).indexOf('1') >= blocks) {
          throw new IllegalArgumentException(
              "attention pattern: with " + keys + " positions, block row " + row + " sees no key");
        }
      }
    }

    private boolean blockSees(int row, int column) {
      String bits = rows.get(row);
      return column < bits.length() && bits.charAt(column) == '1';
    }

    @Override
    public int nearFrom(int position) {
      return 0;
    }

    @Override
    public int nearTo(int position) {
      return 0;
    }

    @Override
    public boolean seesFar(int position, int key) {
      return (!causal || key <= position) && blockSees(position / size, key / size);
    }

    @Override
    public int gatherFar(int first, int end, int from, int to, int keys, int[] into) {
      int limit = causal ? end : keys;
      int count = 0;
      for (int column = 0; column * size < limit; column++) {
        boolean seen = false;
        for (int row = first / size; row <= (end - 1) / size; row++) {
          seen |= blockSees(row, column);
        }
        if (seen) {
          count = add(column * size, Math.min(limit, (column + 1) * size), into, count);
        }
      }
      return count;
    }

    @Override
    public String text() {
      return (causal ? "" : "everything,") + "blocks:" + size + "," + String.join("/", rows);
    }
  }
}
