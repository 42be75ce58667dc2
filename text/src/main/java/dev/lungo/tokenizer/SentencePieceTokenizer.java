package dev.lungo.tokenizer;

import dev.lungo.file.AtomicFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/// Score-based byte-pair encoding with byte fallback, as SentencePiece makes it and Llama 1 and 2
/// use it.
///
/// A space becomes `▁`, and one is put before the text. Characters are then joined, of all
/// neighbouring pairs whose joined text is a token the one with the highest score first (the
/// leftmost of equals); a character that is no token becomes its bytes. Source: Kudo and Richardson
/// 2018, arXiv:1808.06226.
public final class SentencePieceTokenizer implements Tokenizer {
  /// What a token is, numbered as in SentencePiece's and GGUF's files.
  public enum TokenType {
    NORMAL,
    UNKNOWN,
    CONTROL,
    USER_DEFINED,
    UNUSED,
    BYTE;

    /// Finds the type by its number in files, 1 to 6.
    ///
    /// @throws IllegalArgumentException if there is none
    public static TokenType ofNumber(int number) {
      if (number < 1 || number > 6) {
        throw new IllegalArgumentException("token type must be 1 to 6, not " + number);
      }
      return values()[number - 1];
    }
  }

  static final String SPACE = "\u2581";
  private static final byte[] SPACE_BYTES = SPACE.getBytes(StandardCharsets.UTF_8);

  private final List<String> names;
  private final float[] scores;
  private final TokenType[] types;
  private final Vocabulary vocabulary;
  private final AddedTokens added;
  private final int[] byteIds = new int[256];
  private final BytePairDefinition.Frame frame;
  private final boolean spaceBefore;
  private final int unknown;
  private volatile String fingerprint = "";

  /// Makes a tokenizer as Llama's: `begin` and a space are put before texts.
  ///
  /// @param names the text of each id as in its file: `▁the`, `<0x0A>`, `<s>`
  /// @param scores the score of each id: higher is joined first
  /// @param types the type of each id
  /// @param begin the token that begins a text
  /// @param end the token that ends a text
  /// @throws IllegalArgumentException if the lists differ in length or a byte token is not written
  ///   `<0x..>`
  public SentencePieceTokenizer(
      List<String> names, float[] scores, TokenType[] types, OptionalInt begin, OptionalInt end) {
    this(
        names,
        scores,
        types,
        new BytePairDefinition.Frame(begin.stream().toArray(), new int[0], begin, end),
        true);
  }

  /// @param names the text of each id as in its file: `▁the`, `<0x0A>`, `<s>`
  /// @param scores the score of each id: higher is joined first
  /// @param types the type of each id
  /// @param frame what is put around a whole text
  /// @param spaceBefore whether a space is put before text
  /// @throws IllegalArgumentException if the lists differ in length, a byte token is not written
  ///   `<0x..>`, or the frame names a token that is not there
  public SentencePieceTokenizer(
      List<String> names,
      float[] scores,
      TokenType[] types,
      BytePairDefinition.Frame frame,
      boolean spaceBefore) {
    if (names.size() != scores.length || names.size() != types.length || names.isEmpty()) {
      throw new IllegalArgumentException(
          "names (%d), scores (%d) and types (%d) must be equally many and at least one"
              .formatted(names.size(), scores.length, types.length));
    }
    this.names = List.copyOf(names);
    this.scores = scores.clone();
    this.types = types.clone();
    this.frame = frame;
    this.spaceBefore = spaceBefore;
    for (int[] ids : new int[][] {frame.before(), frame.after(), frame.turnEnds()}) {
      for (int id : ids) {
        nameOf(id);
      }
    }
    Arrays.fill(byteIds, -1);
    List<byte[]> tokens = new ArrayList<>();
    List<AddedToken> special = new ArrayList<>();
    int unknownId = -1;
    for (int id = 0; id < names.size(); id++) {
      boolean composes = types[id] == TokenType.NORMAL || types[id] == TokenType.USER_DEFINED;
      tokens.add(composes ? names.get(id).getBytes(StandardCharsets.UTF_8) : new byte[0]);
      if (types[id] == TokenType.BYTE) {
        byteIds[byteValue(names.get(id))] = id;
      } else if (types[id] == TokenType.UNKNOWN) {
        unknownId = id;
      } else if (types[id] == TokenType.CONTROL && !names.get(id).isEmpty()) {
        special.add(AddedToken.special(id, names.get(id)));
      } else if (types[id] == TokenType.USER_DEFINED && !names.get(id).isEmpty()) {
        String content = names.get(id).replace(SPACE, " ");
        special.add(new AddedToken(id, content, false, false, false, false, false));
      }
    }
    unknown = unknownId;
    vocabulary = new Vocabulary(tokens);
    added = new AddedTokens(special);
    if (unknown < 0 && Arrays.stream(byteIds).anyMatch(id -> id < 0)) {
      throw new IllegalArgumentException(
          "neither all 256 byte tokens nor a token for unknown characters are there");
    }
  }

  private static int byteValue(String name) {
    if (!name.matches("<0x[0-9A-Fa-f]{2}>")) {
      throw new IllegalArgumentException("a byte token is written <0x00> to <0xFF>, not " + name);
    }
    return Integer.parseInt(name.substring(3, 5), 16);
  }

  @Override
  public int vocabularySize() {
    return names.size();
  }

  @Override
  public void encode(byte[] utf8, int from, int to, SpecialMode mode, TokenBuffer out) {
    if (mode == SpecialMode.FRAME) {
      out.addAll(frame.before(), 0, frame.before().length);
    }
    int at = from;
    boolean first = spaceBefore;
    if (added.any(mode)) {
      for (var found = added.next(utf8, at, to, mode);
          found.isPresent();
          found = added.next(utf8, at, to, mode)) {
        encodeOrdinary(utf8, at, found.get().start(), first, out);
        out.add(found.get().token().id());
        at = found.get().end();
        first = spaceBefore && found.get().token().special();
      }
    }
    encodeOrdinary(utf8, at, to, first, out);
    if (mode == SpecialMode.FRAME) {
      out.addAll(frame.after(), 0, frame.after().length);
    }
  }

  private void encodeOrdinary(byte[] utf8, int from, int to, boolean spaceBefore, TokenBuffer out) {
    if (from == to) {
      return;
    }
    byte[] text = withSpaceMarks(utf8, from, to, spaceBefore);
    ScoreMerger merger = new ScoreMerger(vocabulary, scores, text);
    merger.mergeAll();
    boolean afterUnknown = false;
    for (int start = 0; start < text.length; start = merger.endOf(start)) {
      int end = merger.endOf(start);
      int id = vocabulary.find(text, start, end);
      if (id >= 0) {
        out.add(id);
      } else if (hasBytes(text, start, end)) {
        for (int i = start; i < end; i++) {
          out.add(byteIds[text[i] & 0xff]);
        }
      } else if (!afterUnknown) {
        // Neighbouring unknown characters are one token.
        out.add(unknown);
      }
      afterUnknown = id < 0 && !hasBytes(text, start, end);
    }
  }

  private boolean hasBytes(byte[] text, int from, int to) {
    for (int i = from; i < to; i++) {
      if (byteIds[text[i] & 0xff] < 0) {
        return false;
      }
    }
    return true;
  }

  private static byte[] withSpaceMarks(byte[] utf8, int from, int to, boolean spaceBefore) {
    int spaces = spaceBefore ? 1 : 0;
    for (int i = from; i < to; i++) {
      spaces += utf8[i] == ' ' ? 1 : 0;
    }
    byte[] text = new byte[Math.addExact(to - from + (spaceBefore ? 1 : 0), 2 * spaces)];
    int size = 0;
    for (int i = spaceBefore ? from - 1 : from; i < to; i++) {
      if (i < from || utf8[i] == ' ') {
        System.arraycopy(SPACE_BYTES, 0, text, size, 3);
        size += 3;
      } else {
        text[size++] = utf8[i];
      }
    }
    return text;
  }

  @Override
  public byte[] bytesOf(int id) {
    String name = nameOf(id);
    return switch (types[id]) {
      case BYTE -> new byte[] {(byte) byteValue(name)};
      case NORMAL, USER_DEFINED, UNUSED ->
          name.replace(SPACE, " ").getBytes(StandardCharsets.UTF_8);
      case CONTROL, UNKNOWN -> name.getBytes(StandardCharsets.UTF_8);
    };
  }

  @Override
  public String nameOf(int id) {
    if (id < 0 || id >= names.size()) {
      throw new IllegalArgumentException(
          "token " + id + " is outside the vocabulary of " + names.size());
    }
    return names.get(id);
  }

  /// Returns the score of `id`.
  float scoreOf(int id) {
    return scores[id];
  }

  TokenType typeOf(int id) {
    return types[id];
  }

  Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public boolean isSpecial(int id) {
    nameOf(id);
    return types[id] == TokenType.CONTROL || types[id] == TokenType.UNKNOWN;
  }

  @Override
  public boolean dropsFirstSpace() {
    return spaceBefore;
  }

  @Override
  public OptionalInt idOf(String specialToken) {
    return added
        .withContent(specialToken)
        .map(token -> OptionalInt.of(token.id()))
        .orElseGet(OptionalInt::empty);
  }

  @Override
  public OptionalInt beginOfText() {
    return frame.begin();
  }

  @Override
  public OptionalInt endOfText() {
    return frame.end();
  }

  @Override
  public int[] generationEnds() {
    return EndTokens.of(this, frame.turnEnds());
  }

  /// Returns what stands around texts.
  BytePairDefinition.Frame frame() {
    return frame;
  }

  @Override
  public String fingerprint() {
    if (fingerprint.isEmpty()) {
      fingerprint = Fingerprints.of(out -> SentencePieceJson.write(this, out));
    }
    return fingerprint;
  }

  @Override
  public void save(Path file) throws IOException {
    AtomicFiles.write(file, out -> SentencePieceJson.write(this, out));
  }
}
