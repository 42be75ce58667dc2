package dev.lungo.tokenizer;

import java.util.Arrays;

/// Finds all tokens that a text goes on with at some place, the shortest first: the tokens are
/// sorted, and each byte narrows the range of those that still fit.
final class TokenPrefixes {
  private final byte[][] tokens;
  private final int[] ids;

  /// Where the tokens with each first byte begin.
  private final int[] firsts = new int[257];

  /// @param tokensById the bytes of each id; empty ones are left out
  /// @throws IllegalArgumentException if two ids have the same bytes
  TokenPrefixes(byte[][] tokensById) {
    Integer[] order = new Integer[tokensById.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Arrays.compareUnsigned(tokensById[a], tokensById[b]));
    int empty = 0;
    while (empty < order.length && tokensById[order[empty]].length == 0) {
      empty++;
    }
    tokens = new byte[order.length - empty][];
    ids = new int[tokens.length];
    for (int i = 0; i < tokens.length; i++) {
      ids[i] = order[empty + i];
      tokens[i] = tokensById[ids[i]];
      if (i > 0 && Arrays.equals(tokens[i], tokens[i - 1])) {
        throw new IllegalArgumentException(
            "tokens " + ids[i - 1] + " and " + ids[i] + " have the same text");
      }
      firsts[(tokens[i][0] & 0xff) + 1] = i + 1;
    }
    for (int b = 1; b <= 256; b++) {
      firsts[b] = Math.max(firsts[b], firsts[b - 1]);
    }
  }

  /// Begins to look for tokens at `at`.
  Walk walk(byte[] text, int at) {
    return new Walk(text, at);
  }

  /// The tokens at one place. Not thread-safe.
  final class Walk {
    private final byte[] text;
    private final int start;
    private int depth;
    private int from;
    private int to;

    private Walk(byte[] text, int start) {
      this.text = text;
      this.start = start;
      this.from = 0;
      this.to = tokens.length;
    }

    /// Returns the id of the next longer token, -1 if there is none.
    int next() {
      while (from < to && start + depth < text.length) {
        narrow(text[start + depth] & 0xff);
        depth++;
        if (from < to && tokens[from].length == depth) {
          return ids[from];
        }
      }
      return -1;
    }

    /// Returns where the token found last ends.
    int end() {
      return start + depth;
    }

    private void narrow(int b) {
      if (depth == 0) {
        from = firsts[b];
        to = firsts[b + 1];
        return;
      }
      // The token that ends here comes first; it goes no further.
      if (tokens[from].length == depth) {
        from++;
      }
      from = firstAtLeast(b, from, to);
      to = firstAtLeast(b + 1, from, to);
    }

    private int firstAtLeast(int b, int low, int high) {
      int from = low;
      int to = high;
      while (from < to) {
        int middle = from + to >>> 1;
        if ((tokens[middle][depth] & 0xff) < b) {
          from = middle + 1;
        } else {
          to = middle;
        }
      }
      return from;
    }
  }
}
