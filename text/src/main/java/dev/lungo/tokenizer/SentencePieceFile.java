package dev.lungo.tokenizer;

import dev.lungo.file.MalformedFileException;
import dev.lungo.tokenizer.SentencePieceTokenizer.TokenType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Reads SentencePiece's own `tokenizer.model` (`spm_train`'s `*.model`): a protocol-buffer message
/// with the pieces, how the model was trained, and how text is prepared.
///
/// The file does not say what stands around texts: `tokenizer_config.json` beside it does, and
/// without one a byte-pair model puts its begin token before texts, as Llama and Gemma do.
final class SentencePieceFile {
  private static final long LARGEST_FILE = 1L << 28;
  private static final int UNIGRAM = 1;
  private static final int BYTE_PAIRS = 2;

  private final Path file;
  private final byte[] content;
  private final List<String> names = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();
  private final List<TokenType> types = new ArrayList<>();
  private int kind = UNIGRAM;
  private boolean spaceIsSuffix;
  private long beginId = 1;
  private long endId = 2;
  private byte[] charsMap = new byte[0];
  private boolean spaceBefore = true;
  private boolean removesExtraSpaces = true;
  private boolean marksSpaces = true;

  private SentencePieceFile(Path file, byte[] content) {
    this.file = file;
    this.content = content;
  }

  /// @throws MalformedFileException if the bytes are no such message, or the model is of another
  ///   kind than unigram and byte pairs
  static Tokenizer read(Path file) throws IOException {
    long length = Files.size(file);
    if (length > LARGEST_FILE) {
      throw new MalformedFileException(
          file.toString(), 0, "length", length + " bytes; no such file is beyond " + LARGEST_FILE);
    }
    SentencePieceFile reader = new SentencePieceFile(file, Files.readAllBytes(file));
    reader.readModel();
    return reader.build(TokenizerConfigFile.beside(file));
  }

  private MalformedFileException malformed(int offset, String field, String reason) {
    return new MalformedFileException(file.toString(), offset, field, reason);
  }

  private void readModel() throws IOException {
    Fields fields = new Fields(0, content.length, "model");
    while (fields.next()) {
      switch (fields.number) {
        case 1 -> readPiece(fields.message("piece"));
        case 2 -> readTraining(fields.message("trainer_spec"));
        case 3 -> readNormalization(fields.message("normalizer_spec"));
        default -> fields.skip();
      }
    }
    if (names.isEmpty()) {
      throw malformed(0, "pieces", "there are none; is this a SentencePiece model?");
    }
  }

  private void readPiece(Fields fields) throws IOException {
    String name = "";
    float score = 0;
    long type = 1;
    int offset = fields.at;
    while (fields.next()) {
      switch (fields.number) {
        case 1 -> name = fields.string("piece");
        case 2 -> score = fields.real("score");
        case 3 -> type = fields.whole("type");
        default -> fields.skip();
      }
    }
    if (type < 1 || type > 6 || Float.isNaN(score)) {
      throw malformed(offset, "piece " + names.size(), "type %d, score %s".formatted(type, score));
    }
    names.add(name);
    scores.add(score);
    types.add(TokenType.ofNumber((int) type));
  }

  private void readTraining(Fields fields) throws IOException {
    while (fields.next()) {
      switch (fields.number) {
        case 3 -> kind = (int) fields.whole("model_type");
        case 24 -> spaceIsSuffix = fields.whole("treat_whitespace_as_suffix") != 0;
        case 41 -> beginId = fields.whole("bos_id");
        case 42 -> endId = fields.whole("eos_id");
        default -> fields.skip();
      }
    }
  }

  private void readNormalization(Fields fields) throws IOException {
    while (fields.next()) {
      switch (fields.number) {
        case 2 -> charsMap = fields.bytes("precompiled_charsmap");
        case 3 -> spaceBefore = fields.whole("add_dummy_prefix") != 0;
        case 4 -> removesExtraSpaces = fields.whole("remove_extra_whitespaces") != 0;
        case 5 -> marksSpaces = fields.whole("escape_whitespaces") != 0;
        default -> fields.skip();
      }
    }
  }

  private Tokenizer build(TokenizerConfigFile config) throws IOException {
    if (kind != UNIGRAM && kind != BYTE_PAIRS) {
      throw malformed(0, "trainer_spec.model_type", kind + "; Lungo reads 1 (unigram) and 2 (BPE)");
    }
    if (spaceIsSuffix || !marksSpaces) {
      throw malformed(
          0,
          spaceIsSuffix ? "treat_whitespace_as_suffix" : "escape_whitespaces",
          "this way to mark spaces is not supported; Lungo reads ▁ before words");
    }
    OptionalInt begin = special(beginId);
    OptionalInt end = special(endId);
    boolean addsBegin = config.addsBegin().orElse(kind == BYTE_PAIRS);
    boolean addsEnd = config.addsEnd().orElse(false);
    BytePairDefinition.Frame frame =
        new BytePairDefinition.Frame(
            addsBegin ? begin.stream().toArray() : new int[0],
            addsEnd ? end.stream().toArray() : new int[0],
            begin,
            end);
    float[] values = new float[scores.size()];
    for (int id = 0; id < values.length; id++) {
      values[id] = scores.get(id);
    }
    try {
      return new SentencePieceDefinition(
              names,
              values,
              types.toArray(TokenType[]::new),
              kind == UNIGRAM,
              charsMap.length == 0 ? Optional.empty() : Optional.of(new CharsMap(charsMap)),
              spaceBefore,
              removesExtraSpaces,
              frame)
          .tokenizer();
    } catch (IllegalArgumentException e) {
      throw malformed(0, "pieces", String.valueOf(e.getMessage()));
    }
  }

  /// Models without such a token say -1.
  private OptionalInt special(long id) {
    return id >= 0 && id < names.size() ? OptionalInt.of((int) id) : OptionalInt.empty();
  }

  /// The fields of one message, one after the other; nothing is believed that the message could not
  /// hold.
  private final class Fields {
    private final int end;
    private final String name;
    private int at;
    private int number;
    private int wire;

    Fields(int from, int end, String name) {
      this.at = from;
      this.end = end;
      this.name = name;
    }

    boolean next() throws IOException {
      if (at >= end) {
        return false;
      }
      long tag = varint();
      wire = (int) (tag & 7);
      number = (int) Math.min(tag >>> 3, Integer.MAX_VALUE);
      return true;
    }

    private long varint() throws IOException {
      long value = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        if (at >= end) {
          throw malformed(at, name, "ends within a number");
        }
        byte b = content[at++];
        value |= (long) (b & 0x7f) << shift;
        if (b >= 0) {
          return value;
        }
      }
      throw malformed(at, name, "a number has more than ten bytes");
    }

    private void demand(int wanted, String field) throws IOException {
      if (wire != wanted) {
        throw malformed(at, field, "expected wire type " + wanted + ", found " + wire);
      }
    }

    private int length(String field) throws IOException {
      demand(2, field);
      long length = varint();
      if (length < 0 || length > end - at) {
        throw malformed(at, field, "length " + length + "; " + (end - at) + " bytes are left");
      }
      return (int) length;
    }

    Fields message(String field) throws IOException {
      int length = length(field);
      at += length;
      return new Fields(at - length, at, field);
    }

    byte[] bytes(String field) throws IOException {
      int length = length(field);
      at += length;
      return Arrays.copyOfRange(content, at - length, at);
    }

    String string(String field) throws IOException {
      return new String(bytes(field), StandardCharsets.UTF_8);
    }

    long whole(String field) throws IOException {
      demand(0, field);
      return varint();
    }

    float real(String field) throws IOException {
      demand(5, field);
      return Float.intBitsToFloat((int) fixed(4, field));
    }

    private long fixed(int bytes, String field) throws IOException {
      if (bytes > end - at) {
        throw malformed(at, field, "the message ends within it");
      }
      long value = 0;
      for (int i = 0; i < bytes; i++) {
        value |= (content[at++] & 0xffL) << 8 * i;
      }
      return value;
    }

    void skip() throws IOException {
      switch (wire) {
        case 0 -> varint();
        case 1 -> fixed(8, name);
        case 2 -> bytes(name);
        case 5 -> fixed(4, name);
        default -> throw malformed(at, name, "wire type " + wire + " is unknown");
      }
    }
  }
}
