package dev.lungo.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;

/// The unigram model: of all ways to compose a piece of tokens the one whose scores (logarithms of
/// probabilities) have the largest sum, found by dynamic programming (Viterbi).
///
/// A character that is no token costs ten more than the worst token; neighbours of that kind become
/// one unknown token, or their bytes' tokens. Source: Kudo 2018, arXiv:1804.10959.
final class UnigramModel implements TextModel {
  private static final double UNKNOWN_PENALTY = 10;
  private static final int MOST_REMEMBERED = 1 << 14;
  private static final int LONGEST_REMEMBERED = 64;

  private final List<String> texts;
  private final double[] scores;
  private final OptionalInt unknown;
  private final boolean byteFallback;
  private final int[] byteIds;
  private final Map<String, Integer> ids = new HashMap<>();
  private final TokenPrefixes prefixes;
  private final double unknownScore;
  private final boolean singlePrecision;
  private final Map<String, int[]> remembered = new ConcurrentHashMap<>();

  /// @param texts the text of each id
  /// @param scores the score of each id
  /// @param composes whether text may be composed of each id; the others have names only
  /// @param unknown the token of unknown characters
  /// @param singlePrecision whether sums are kept with 32 bits, which decides between ways that are
  ///   equally good: SentencePiece does so (and compares before it rounds), Hugging Face does not
  /// @throws IllegalArgumentException if there are no tokens, a text is there twice, a score is not
  ///   a number, or unknown characters have neither a token nor bytes
  UnigramModel(
      List<String> texts,
      double[] scores,
      boolean[] composes,
      OptionalInt unknown,
      boolean byteFallback,
      boolean singlePrecision) {
    this.texts = List.copyOf(texts);
    this.scores = scores.clone();
    this.unknown = unknown;
    this.byteFallback = byteFallback;
    this.singlePrecision = singlePrecision;
    if (texts.isEmpty()
        || unknown.isPresent() && (unknown.getAsInt() < 0 || unknown.getAsInt() >= texts.size())) {
      throw new IllegalArgumentException(
          "unigram: unk_id %s must be one of the %d tokens".formatted(unknown, texts.size()));
    }
    double worst = Double.POSITIVE_INFINITY;
    byte[][] utf8 = new byte[texts.size()][];
    for (int id = 0; id < texts.size(); id++) {
      if (Double.isNaN(scores[id]) || Double.isInfinite(scores[id])) {
        throw new IllegalArgumentException("unigram: score " + scores[id] + " of token " + id);
      }
      boolean usable = composes[id] && !texts.get(id).isEmpty();
      utf8[id] = usable ? texts.get(id).getBytes(StandardCharsets.UTF_8) : new byte[0];
      worst = composes[id] ? Math.min(worst, scores[id]) : worst;
      ids.putIfAbsent(texts.get(id), id);
    }
    prefixes = new TokenPrefixes(utf8);
    byteIds = TextModel.byteIds(ids);
    boolean allBytes = Arrays.stream(byteIds).allMatch(id -> id >= 0);
    if (unknown.isEmpty() && !(byteFallback && allBytes)) {
      throw new IllegalArgumentException(
          "unigram: neither unk_id nor all 256 byte tokens are there for unknown characters");
    }
    double penalised = (Double.isInfinite(worst) ? 0 : worst) - UNKNOWN_PENALTY;
    unknownScore = singlePrecision ? (float) penalised : penalised;
  }

  double scoreOf(int id) {
    return scores[id];
  }

  OptionalInt unknown() {
    return unknown;
  }

  boolean singlePrecision() {
    return singlePrecision;
  }

  boolean byteFallback() {
    return byteFallback;
  }

  @Override
  public int size() {
    return texts.size();
  }

  @Override
  public String textOf(int id) {
    return id < texts.size() ? texts.get(id) : "";
  }

  @Override
  public OptionalInt idOf(String text) {
    Integer id = ids.get(text);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  @Override
  public void encode(String piece, TokenBuffer out) {
    if (piece.length() > LONGEST_REMEMBERED) {
      encodeNew(piece, out);
      return;
    }
    int[] known = remembered.get(piece);
    if (known != null) {
      out.addAll(known, 0, known.length);
      return;
    }
    int before = out.size();
    encodeNew(piece, out);
    if (remembered.size() < MOST_REMEMBERED) {
      remembered.put(piece, Arrays.copyOfRange(out.array(), before, out.size()));
    }
  }

  private void encodeNew(String piece, TokenBuffer out) {
    byte[] text = piece.getBytes(StandardCharsets.UTF_8);
    BestPath path = new BestPath(text.length, singlePrecision);
    for (int at = 0; at < text.length; ) {
      int character = CharacterClasses.classAndLength(text, at, text.length) >> 3;
      boolean single = false;
      TokenPrefixes.Walk walk = prefixes.walk(text, at);
      for (int id = walk.next(); id >= 0; id = walk.next()) {
        path.offer(at, walk.end(), path.scores[at] + scores[id], id);
        single |= walk.end() - at == character;
      }
      if (!single) {
        path.offer(at, at + character, path.scores[at] + unknownScore, BestPath.UNKNOWN);
      }
      at += character;
    }
    int[] starts = path.backwards(unknown);
    for (int i = starts.length - 2; i >= 0; i--) {
      int id = path.ids[starts[i]];
      if (id != BestPath.UNKNOWN && !unknown.equals(OptionalInt.of(id))) {
        out.add(id);
      } else {
        fallBack(text, starts[i + 1], starts[i], out);
      }
    }
  }

  private void fallBack(byte[] text, int from, int to, TokenBuffer out) {
    boolean all = byteFallback;
    for (int i = from; i < to && all; i++) {
      all = byteIds[text[i] & 0xff] >= 0;
    }
    if (!all) {
      unknown.ifPresent(out::add);
      return;
    }
    for (int i = from; i < to; i++) {
      out.add(byteIds[text[i] & 0xff]);
    }
  }

  /// For each place of the text the best way to get there.
  private static final class BestPath {
    static final int UNKNOWN = -1;

    final double[] scores;
    final int[] ids;
    private final int[] starts;
    private final boolean singlePrecision;

    BestPath(int length, boolean singlePrecision) {
      this.singlePrecision = singlePrecision;
      scores = new double[length + 1];
      ids = new int[length + 1];
      starts = new int[length + 1];
      Arrays.fill(starts, -1);
    }

    void offer(int from, int to, double score, int id) {
      if (starts[to] < 0 || score > scores[to]) {
        scores[to] = singlePrecision ? (float) score : score;
        ids[to] = id;
        starts[to] = from;
      }
    }

    /// Returns the ends of the tokens from the last to the first, then 0. Unknown neighbours are
    /// one.
    int[] backwards(OptionalInt unknown) {
      int[] ends = new int[ids.length];
      int count = 0;
      boolean lastUnknown = false;
      for (int at = ids.length - 1; at > 0; at = starts[at]) {
        boolean isUnknown = ids[at] == UNKNOWN || unknown.equals(OptionalInt.of(ids[at]));
        if (!(isUnknown && lastUnknown)) {
          ends[count++] = at;
        }
        lastUnknown = isUnknown;
      }
      ends[count++] = 0;
      return Arrays.copyOf(ends, count);
    }
  }
}
