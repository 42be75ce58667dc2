package dev.lungo.tokenizer;

import dev.lungo.file.MalformedFileException;
import dev.lungo.tokenizer.SentencePieceTokenizer.TokenType;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// Reads the tokenizer files of llama2.c (`tokenizer.bin`, `tok512.bin`): the longest length, then
/// score, length and bytes of each token, little-endian.
///
/// The file has no types: by convention ids 0, 1 and 2 are unknown, begin and end, and the next 256
/// are the bytes.
final class Llama2cFile {
  private static final long LARGEST_FILE = 1L << 28;

  private Llama2cFile() {}

  /// @throws MalformedFileException if the file is cut short or a length is impossible
  static SentencePieceTokenizer read(Path file) throws IOException {
    long length = Files.size(file);
    if (length > LARGEST_FILE) {
      throw new MalformedFileException(
          file.toString(), 0, "length", length + " bytes; no such file is beyond " + LARGEST_FILE);
    }
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<String> names = new ArrayList<>();
    List<Float> scores = new ArrayList<>();
    try {
      int longest = in.getInt();
      while (in.hasRemaining()) {
        float score = in.getFloat();
        int offset = in.position();
        int size = in.getInt();
        if (size < 0 || size > in.remaining() || Float.isNaN(score)) {
          throw new MalformedFileException(
              file.toString(),
              offset,
              "token " + names.size(),
              "length "
                  + size
                  + ", score "
                  + score
                  + "; "
                  + in.remaining()
                  + " bytes are left, the longest token has "
                  + longest);
        }
        byte[] bytes = new byte[size];
        in.get(bytes);
        names.add(new String(bytes, StandardCharsets.UTF_8));
        scores.add(score);
      }
    } catch (BufferUnderflowException e) {
      throw new MalformedFileException(
          file.toString(), length, "token " + names.size(), "the file ends within it");
    }
    return build(file, names, scores);
  }

  private static SentencePieceTokenizer build(Path file, List<String> names, List<Float> scores)
      throws IOException {
    if (names.size() < 259 || !names.get(3).equals("<0x00>")) {
      throw new MalformedFileException(
          file.toString(),
          4,
          "tokens",
          "expected <unk>, <s>, </s>, 256 bytes from <0x00> on and more; found " + names.size());
    }
    TokenType[] types = new TokenType[names.size()];
    float[] values = new float[names.size()];
    for (int id = 0; id < types.length; id++) {
      values[id] = scores.get(id);
      types[id] =
          id == 0
              ? TokenType.UNKNOWN
              : id < 3 ? TokenType.CONTROL : id < 259 ? TokenType.BYTE : TokenType.NORMAL;
      // Its exporter wraps the two control tokens in line feeds and writes spaces for ▁.
      String name = id < 3 ? names.get(id).strip() : names.get(id);
      names.set(id, id < 259 ? name : name.replace(" ", SentencePieceTokenizer.SPACE));
    }
    try {
      return new SentencePieceTokenizer(names, values, types, OptionalInt.of(1), OptionalInt.of(2));
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(
          file.toString(), 4, "tokens", String.valueOf(e.getMessage()));
    }
  }
}
