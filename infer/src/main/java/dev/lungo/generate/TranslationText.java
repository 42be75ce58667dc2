package dev.lungo.generate;

import dev.lungo.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/// How texts become the ids that an encoder–decoder reads and writes.
public sealed interface TranslationText {
  /// Returns the ids of a source, without start and end.
  int[] encode(String source);

  /// Returns the ids of a target, without start and end.
  int[] encodeTarget(String target);

  /// Returns the text of target ids.
  String decode(int... target);

  /// Returns the text of each source id.
  List<String> sourceTokens(int... ids);

  /// Returns the text of each target id.
  List<String> targetTokens(int... ids);

  /// One tokenizer for both languages.
  record Shared(Tokenizer tokenizer) implements TranslationText {
    @Override
    public int[] encode(String source) {
      return tokenizer.encode(source);
    }

    @Override
    public int[] encodeTarget(String target) {
      return tokenizer.encode(target);
    }

    @Override
    public String decode(int... target) {
      return tokenizer.decode(target);
    }

    @Override
    public List<String> sourceTokens(int... ids) {
      List<String> tokens = new ArrayList<>(ids.length);
      for (int id : ids) {
        tokens.add(tokenizer.decode(id));
      }
      return tokens;
    }

    @Override
    public List<String> targetTokens(int... ids) {
      return sourceTokens(ids);
    }
  }

  /// Two lists of characters. A character that is not in the list is the id behind the last.
  record Symbols(List<String> source, List<String> target) implements TranslationText {
    @Override
    public int[] encode(String text) {
      return ids(source, text);
    }

    @Override
    public int[] encodeTarget(String text) {
      return ids(target, text);
    }

    private static int[] ids(List<String> symbols, String text) {
      return text.codePoints()
          .map(character -> {
            int id = symbols.indexOf(Character.toString(character));
            return id < 0 ? symbols.size() : id;
          })
          .toArray();
    }

    @Override
    public String decode(int... ids) {
      return String.join("", targetTokens(ids));
    }

    @Override
    public List<String> sourceTokens(int... ids) {
      return named(source, ids);
    }

    @Override
    public List<String> targetTokens(int... ids) {
      return named(target, ids);
    }

    private static List<String> named(List<String> symbols, int... ids) {
      List<String> tokens = new ArrayList<>(ids.length);
      for (int id : ids) {
        tokens.add(id < symbols.size() ? symbols.get(id) : "\ufffd");
      }
      return tokens;
    }
  }
}
