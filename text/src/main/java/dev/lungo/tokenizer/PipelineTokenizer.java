package dev.lungo.tokenizer;

import dev.lungo.file.AtomicFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/// Whatever a `tokenizer.json` describes, step by step as Hugging Face defines it: added tokens are
/// found, the text between them is changed, cut, and turned into tokens by a model.
///
/// This is the general case; byte-level tokenizers of the usual form are [BytePairTokenizer]s,
/// which are much faster. Bytes that are no UTF-8 are read as U+FFFD.
public final class PipelineTokenizer implements Tokenizer {
  /// Everything that decides what a pipeline does.
  ///
  /// @param model turns pieces into tokens
  /// @param normalizer as in `tokenizer.json`
  /// @param preTokenizer as in `tokenizer.json`
  /// @param decoder as in `tokenizer.json`
  /// @param added tokens found before anything else
  /// @param frame what is put around a whole text
  record Definition(
      TextModel model,
      JsonNode normalizer,
      JsonNode preTokenizer,
      JsonNode decoder,
      List<AddedToken> added,
      BytePairDefinition.Frame frame) {}

  private final Definition definition;
  private final TextModel model;
  private final TextChange change;
  private final PieceStep cutting;
  private final TokenDecoding decoding;
  private final AddedTokens all;

  /// Tokens that are looked for before the text is changed, and after.
  private final AddedTokens unchanged;

  private final AddedTokens changed;
  private final int size;
  private volatile String fingerprint = "";

  /// @throws IllegalArgumentException if a part is of an unknown kind, or parts contradict each
  ///   other
  PipelineTokenizer(Definition definition) {
    this(definition, TextChange.read(definition.normalizer()));
  }

  /// @param change what is done to text, which [Definition#normalizer] only describes
  PipelineTokenizer(Definition definition, TextChange change) {
    this.definition = definition;
    this.model = definition.model();
    this.change = change;
    this.cutting = PieceStep.read(definition.preTokenizer());
    this.decoding = TokenDecoding.read(definition.decoder());
    this.all = new AddedTokens(definition.added());
    List<AddedToken> before = new ArrayList<>();
    List<AddedToken> after = new ArrayList<>();
    int largest = model.size() - 1;
    for (AddedToken token : definition.added()) {
      largest = Math.max(largest, token.id());
      String content = token.normalized() ? change.apply(token.content()) : token.content();
      if (!content.isEmpty()) {
        (token.normalized() ? after : before).add(token.withContent(content));
      }
    }
    this.unchanged = new AddedTokens(before);
    this.changed = AddedTokens.firstOfEqual(after);
    this.size = largest + 1;
    BytePairDefinition.Frame frame = definition.frame();
    for (int[] ids : new int[][] {frame.before(), frame.after(), frame.turnEnds()}) {
      for (int id : ids) {
        checkId(id);
      }
    }
  }

  Definition definition() {
    return definition;
  }

  @Override
  public int vocabularySize() {
    return size;
  }

  @Override
  public void encode(byte[] utf8, int from, int to, SpecialMode mode, TokenBuffer out) {
    BytePairDefinition.Frame frame = definition.frame();
    if (mode == SpecialMode.FRAME) {
      out.addAll(frame.before(), 0, frame.before().length);
    }
    int at = from;
    if (unchanged.any(mode)) {
      for (var found = unchanged.next(utf8, at, to, mode);
          found.isPresent();
          found = unchanged.next(utf8, at, to, mode)) {
        encodeText(utf8, at, Math.max(at, found.get().start()), at == from, mode, out);
        out.add(found.get().token().id());
        at = found.get().end();
      }
    }
    encodeText(utf8, at, to, at == from, mode, out);
    if (mode == SpecialMode.FRAME) {
      out.addAll(frame.after(), 0, frame.after().length);
    }
  }

  /// Encodes text without tokens of the first kind, `first` where it begins the whole text.
  private void encodeText(
      byte[] utf8, int from, int to, boolean first, SpecialMode mode, TokenBuffer out) {
    if (from == to) {
      return;
    }
    String text = change.apply(new String(utf8, from, to - from, StandardCharsets.UTF_8));
    if (!changed.any(mode)) {
      encodeChanged(text, first, out);
      return;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int at = 0;
    for (var found = changed.next(bytes, at, bytes.length, mode);
        found.isPresent();
        found = changed.next(bytes, at, bytes.length, mode)) {
      encodeChanged(string(bytes, at, Math.max(at, found.get().start())), first && at == 0, out);
      out.add(found.get().token().id());
      at = found.get().end();
    }
    encodeChanged(string(bytes, at, bytes.length), first && at == 0, out);
  }

  private static String string(byte[] utf8, int from, int to) {
    return new String(utf8, from, to - from, StandardCharsets.UTF_8);
  }

  private void encodeChanged(String text, boolean first, TokenBuffer out) {
    for (String piece : cutting.cut(text, first)) {
      model.encode(piece, out);
    }
  }

  @Override
  public byte[] bytesOf(int id) {
    if (isSpecial(id)) {
      return nameOf(id).getBytes(StandardCharsets.UTF_8);
    }
    return decoding.bytesOf(nameOf(id));
  }

  @Override
  public String nameOf(int id) {
    checkId(id);
    return all.withId(id).map(AddedToken::content).orElseGet(() -> model.textOf(id));
  }

  @Override
  public boolean isSpecial(int id) {
    checkId(id);
    return all.withId(id).map(AddedToken::special).orElse(false);
  }

  private void checkId(int id) {
    if (id < 0 || id >= size) {
      throw new IllegalArgumentException("token " + id + " is outside the vocabulary of " + size);
    }
  }

  @Override
  public OptionalInt idOf(String specialToken) {
    return all.withContent(specialToken)
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
  public boolean dropsFirstSpace() {
    return decoding.dropsFirstSpace();
  }

  @Override
  public String fingerprint() {
    if (fingerprint.isEmpty()) {
      fingerprint = Fingerprints.of(out -> PipelineJson.write(this, out));
    }
    return fingerprint;
  }

  @Override
  public void save(Path file) throws IOException {
    AtomicFiles.write(file, out -> PipelineJson.write(this, out));
  }
}
