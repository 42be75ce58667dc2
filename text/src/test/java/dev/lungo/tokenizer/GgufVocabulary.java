package dev.lungo.tokenizer;

import dev.lungo.tokenizer.SentencePieceTokenizer.TokenType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// Reads just enough of a trusted GGUF file to test its SentencePiece vocabulary.
final class GgufVocabulary {
  private GgufVocabulary() {}

  static SentencePieceTokenizer read(Path file) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    in.position(16);
    long count = in.getLong();
    Map<String, Object> values = new HashMap<>();
    for (long i = 0; i < count; i++) {
      values.put(string(in), value(in, in.getInt()));
    }
    List<String> names = list(values, "tokenizer.ggml.tokens").stream().map(String.class::cast).toList();
    List<?> scores = list(values, "tokenizer.ggml.scores");
    List<?> types = list(values, "tokenizer.ggml.token_type");
    float[] score = new float[names.size()];
    TokenType[] type = new TokenType[names.size()];
    for (int i = 0; i < names.size(); i++) {
      score[i] = (Float) scores.get(i);
      type[i] = TokenType.ofNumber((Integer) types.get(i));
    }
    return new SentencePieceTokenizer(names, score, type, OptionalInt.of(1), OptionalInt.of(2));
  }

  private static List<?> list(Map<String, Object> values, String name) {
    return (List<?>) values.get(name);
  }

  private static String string(ByteBuffer in) {
    byte[] bytes = new byte[(int) in.getLong()];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static Object value(ByteBuffer in, int type) {
    return switch (type) {
      case 0, 1, 7 -> in.get();
      case 2, 3 -> in.getShort();
      case 4, 5 -> in.getInt();
      case 6 -> in.getFloat();
      case 8 -> string(in);
      case 9 -> {
        int element = in.getInt();
        long length = in.getLong();
        List<Object> list = new ArrayList<>();
        for (long i = 0; i < length; i++) {
          list.add(value(in, element));
        }
        yield list;
      }
      case 10, 11 -> in.getLong();
      case 12 -> in.getDouble();
      default -> throw new IllegalArgumentException("GGUF type " + type);
    };
  }
}
