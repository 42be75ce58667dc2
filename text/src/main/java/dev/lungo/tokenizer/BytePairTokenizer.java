package dev.lungo.tokenizer;

import dev.lungo.file.AtomicFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;

/// Byte-level byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909; on bytes: Radford et al.
/// 2019).
///
/// A piece starts as its bytes; of all neighbouring pairs the one with the best rank is joined, the
/// leftmost of equals, until no pair is in the table. A byte that has no token and is joined to
/// nothing is left out.
public final class BytePairTokenizer implements Tokenizer {
  private static final int MOST_IDLE_ENCODERS = 64;

  /// Stands for a byte without a token while pieces are joined; no vocabulary is that large.
  private static final int NO_TOKEN = Integer.MAX_VALUE;

  private final BytePairDefinition definition;
  private final Vocabulary vocabulary;
  private final MergeTable merges;
  private final AddedTokens added;
  private final int size;
  private boolean lacksBytes;
  private final ArrayBlockingQueue<PieceEncoder> idleEncoders =
      new ArrayBlockingQueue<>(MOST_IDLE_ENCODERS);
  private volatile String fingerprint = "";

  /// @throws IllegalArgumentException if there are no tokens, or tokens, merges and added tokens
  ///   contradict each other
  public BytePairTokenizer(BytePairDefinition definition) {
    this.definition = definition;
    vocabulary = new Vocabulary(definition.tokens());
    int[] byteIds = byteIds();
    merges =
        definition.idsAreRanks()
            ? MergeTable.ofRanks(vocabulary, byteIds)
            : MergeTable.ofMerges(checked(definition.merges(), vocabulary), byteIds);
    added = new AddedTokens(definition.added());
    int largest = vocabulary.size() - 1;
    for (AddedToken token : added.all()) {
      largest = Math.max(largest, token.id());
    }
    size = largest + 1;
    BytePairDefinition.Frame frame = definition.frame();
    for (int[] ids : new int[][] {frame.before(), frame.after(), frame.turnEnds()}) {
      for (int id : ids) {
        checkId(id);
      }
    }
  }

  /// Vocabularies that were learned from text may lack bytes that no UTF-8 has, and rare ones.
  private int[] byteIds() {
    int[] ids = new int[256];
    for (int b = 0; b < 256; b++) {
      OptionalInt id = vocabulary.idOf(new byte[] {(byte) b}, 0, 1);
      ids[b] = id.orElse(NO_TOKEN);
      lacksBytes |= id.isEmpty();
    }
    if (vocabulary.size() == 0) {
      throw new IllegalArgumentException("the vocabulary is empty");
    }
    return ids;
  }

  /// A merge's result must be its parts one after the other, or encoding would lose bytes.
  private static int[] checked(int[] merges, Vocabulary vocabulary) {
    for (int i = 0; i < merges.length; i += 3) {
      for (int j = i; j < i + 3; j++) {
        if (merges[j] < 0 || merges[j] >= vocabulary.size()) {
          throw new IllegalArgumentException(
              "merge " + i / 3 + " names token " + merges[j] + ", which is not there");
        }
      }
      int joined = vocabulary.lengthOf(merges[i]) + vocabulary.lengthOf(merges[i + 1]);
      if (joined != vocabulary.lengthOf(merges[i + 2]) || vocabulary.lengthOf(merges[i]) == 0) {
        throw new IllegalArgumentException("merge " + i / 3 + " does not join its parts");
      }
    }
    return merges;
  }

  /// Returns what this tokenizer was made from.
  public BytePairDefinition definition() {
    return definition;
  }

  /// Returns the tokens that text is composed of; added tokens may have larger ids.
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public int vocabularySize() {
    return size;
  }

  @Override
  public void encode(byte[] utf8, int from, int to, SpecialMode mode, TokenBuffer out) {
    PieceEncoder idle = idleEncoders.poll();
    PieceEncoder encoder =
        idle != null ? idle : new PieceEncoder(vocabulary, merges, definition.wholePiecesFirst());
    if (mode == SpecialMode.FRAME) {
      out.addAll(definition.frame().before(), 0, definition.frame().before().length);
    }
    int at = from;
    if (added.any(mode)) {
      for (var found = added.next(utf8, at, to, mode);
          found.isPresent();
          found = added.next(utf8, at, to, mode)) {
        encodeOrdinary(utf8, at, Math.max(at, found.get().start()), encoder, out);
        out.add(found.get().token().id());
        at = found.get().end();
      }
    }
    encodeOrdinary(utf8, at, to, encoder, out);
    if (mode == SpecialMode.FRAME) {
      out.addAll(definition.frame().after(), 0, definition.frame().after().length);
    }
    idleEncoders.offer(encoder);
  }

  private void encodeOrdinary(
      byte[] utf8, int from, int to, PieceEncoder encoder, TokenBuffer out) {
    if (from == to) {
      return;
    }
    byte[] text = utf8;
    int start = from;
    int end = to;
    if (definition.normalization().isPresent() && !isAscii(utf8, from, to)) {
      text = normalized(utf8, from, to, definition.normalization().get());
      start = 0;
      end = text.length;
    }
    if (definition.spaceBefore() && text[start] != ' ') {
      byte[] spaced = new byte[end - start + 1];
      spaced[0] = ' ';
      System.arraycopy(text, start, spaced, 1, end - start);
      text = spaced;
      start = 0;
      end = text.length;
    }
    int before = out.size();
    encoder.encode(definition.splitter(), text, start, end, out);
    if (lacksBytes) {
      out.remove(NO_TOKEN, before);
    }
  }

  private static boolean isAscii(byte[] text, int from, int to) {
    for (int i = from; i < to; i++) {
      if (text[i] < 0) {
        return false;
      }
    }
    return true;
  }

  /// Bytes that are no UTF-8 have no Unicode form: such text stays as it is.
  private static byte[] normalized(byte[] utf8, int from, int to, Normalizer.Form form) {
    String text = new String(utf8, from, to - from, StandardCharsets.UTF_8);
    byte[] same = text.getBytes(StandardCharsets.UTF_8);
    if (!Arrays.equals(same, 0, same.length, utf8, from, to)
        || Normalizer.isNormalized(text, form)) {
      return Arrays.copyOfRange(utf8, from, to);
    }
    return Normalizer.normalize(text, form).getBytes(StandardCharsets.UTF_8);
  }

  /// Says whether a text may be cut after any ASCII word (see [Splitter#lastCut]) and its parts
  /// encoded on their own.
  boolean cutsAfterWords() {
    return definition.splitter().cutsAfterWords()
        && !definition.spaceBefore()
        && added.all().stream()
            .noneMatch(token ->
                token.takesSpaceAfter()
                    || token.content().indexOf(' ') >= 0
                    || token.content().indexOf('\n') >= 0);
  }

  @Override
  public byte[] bytesOf(int id) {
    checkId(id);
    if (id < vocabulary.size() && vocabulary.lengthOf(id) > 0) {
      return vocabulary.bytesOf(id);
    }
    return added
        .withId(id)
        .map(token -> token.content().getBytes(StandardCharsets.UTF_8))
        .orElseGet(() -> new byte[0]);
  }

  @Override
  public String nameOf(int id) {
    checkId(id);
    return added
        .withId(id)
        .map(AddedToken::content)
        .orElseGet(() -> ByteAlphabet.write(bytesOf(id)));
  }

  @Override
  public boolean isSpecial(int id) {
    checkId(id);
    return added.withId(id).map(AddedToken::special).orElse(false);
  }

  private void checkId(int id) {
    if (id < 0 || id >= size) {
      throw new IllegalArgumentException("token " + id + " is outside the vocabulary of " + size);
    }
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
    return definition.frame().begin();
  }

  @Override
  public OptionalInt endOfText() {
    return definition.frame().end();
  }

  @Override
  public int[] generationEnds() {
    return EndTokens.of(this, definition.frame().turnEnds());
  }

  @Override
  public String fingerprint() {
    if (fingerprint.isEmpty()) {
      fingerprint = Fingerprints.of(out -> TokenizerJsonWriter.write(this, out));
    }
    return fingerprint;
  }

  @Override
  public void save(Path file) throws IOException {
    AtomicFiles.write(file, out -> TokenizerJsonWriter.write(this, out));
  }
}
