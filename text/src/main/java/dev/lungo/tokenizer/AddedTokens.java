package dev.lungo.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Finds added tokens in UTF-8 text: the leftmost first, of several the longest.
final class AddedTokens {
  private record Candidate(byte[] bytes, AddedToken token) {}

  /// A token found at bytes `start` to `end`, with the white space that it takes along.
  record Found(AddedToken token, int start, int end) {}

  private final List<AddedToken> all;
  private final Map<Integer, AddedToken> byId = new HashMap<>();
  private final Map<String, AddedToken> byContent = new LinkedHashMap<>();
  private final Candidate[][] ordinary;
  private final Candidate[][] ordinaryAndSpecial;
  private final boolean hasOrdinary;

  /// @throws IllegalArgumentException if two tokens have the same id or content
  AddedTokens(List<AddedToken> tokens) {
    all = List.copyOf(tokens);
    for (AddedToken token : all) {
      if (byId.put(token.id(), token) != null || byContent.put(token.content(), token) != null) {
        throw new IllegalArgumentException(
            "added token " + token.id() + " \"" + token.content() + "\" is there twice");
      }
    }
    ordinary = index(all.stream().filter(token -> !token.special()).toList());
    ordinaryAndSpecial = index(all);
    hasOrdinary = all.stream().anyMatch(token -> !token.special());
  }

  /// Takes, of tokens with the same content, the first: changing text can make contents equal.
  static AddedTokens firstOfEqual(List<AddedToken> tokens) {
    Map<String, AddedToken> byContent = new LinkedHashMap<>();
    tokens.forEach(token -> byContent.putIfAbsent(token.content(), token));
    return new AddedTokens(List.copyOf(byContent.values()));
  }

  private static Candidate[][] index(List<AddedToken> tokens) {
    List<List<Candidate>> lists = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      lists.add(new ArrayList<>());
    }
    for (AddedToken token : tokens) {
      byte[] bytes = token.content().getBytes(StandardCharsets.UTF_8);
      lists.get(bytes[0] & 0xff).add(new Candidate(bytes, token));
    }
    Candidate[][] index = new Candidate[256][];
    for (int b = 0; b < 256; b++) {
      List<Candidate> list = lists.get(b);
      list.sort(Comparator.comparingInt((Candidate c) -> c.bytes.length).reversed());
      index[b] = list.toArray(Candidate[]::new);
    }
    return index;
  }

  List<AddedToken> all() {
    return all;
  }

  Optional<AddedToken> withId(int id) {
    return Optional.ofNullable(byId.get(id));
  }

  Optional<AddedToken> withContent(String content) {
    return Optional.ofNullable(byContent.get(content));
  }

  /// Says whether a text can contain tokens to be found in `mode`.
  boolean any(SpecialMode mode) {
    return mode == SpecialMode.TEXT ? hasOrdinary : !all.isEmpty();
  }

  /// Finds the first token between `from` and `to`.
  Optional<Found> next(byte[] text, int from, int to, SpecialMode mode) {
    Candidate[][] index = mode == SpecialMode.TEXT ? ordinary : ordinaryAndSpecial;
    for (int at = from; at < to; at++) {
      for (Candidate candidate : index[text[at] & 0xff]) {
        int end = at + candidate.bytes.length;
        if (end <= to
            && matches(candidate.bytes, text, at)
            && standsAlone(candidate.token, text, from, at, end, to)) {
          return Optional.of(widen(candidate.token, text, from, at, end, to));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean matches(byte[] wanted, byte[] text, int at) {
    for (int i = wanted.length - 1; i > 0; i--) {
      if (text[at + i] != wanted[i]) {
        return false;
      }
    }
    return true;
  }

  private static boolean standsAlone(
      AddedToken token, byte[] text, int from, int start, int end, int to) {
    if (!token.singleWord()) {
      return true;
    }
    boolean wordBefore = start > from && isWord(text, previousStart(text, from, start), to);
    return !wordBefore && !(end < to && isWord(text, end, to));
  }

  private static boolean isWord(byte[] text, int at, int to) {
    int kind = CharacterClasses.classAndLength(text, at, to) & 7;
    return kind == CharacterClasses.LETTER || kind == CharacterClasses.NUMBER || text[at] == '_';
  }

  private static Found widen(AddedToken token, byte[] text, int from, int start, int end, int to) {
    int first = start;
    while (token.takesSpaceBefore() && first > from) {
      int before = previousStart(text, from, first);
      if (!isSpace(text, before, to)) {
        break;
      }
      first = before;
    }
    int last = end;
    while (token.takesSpaceAfter() && last < to && isSpace(text, last, to)) {
      last += CharacterClasses.classAndLength(text, last, to) >> 3;
    }
    return new Found(token, first, last);
  }

  private static boolean isSpace(byte[] text, int at, int to) {
    return (CharacterClasses.classAndLength(text, at, to) & 7) >= CharacterClasses.SPACE;
  }

  private static int previousStart(byte[] text, int from, int at) {
    int before = at - 1;
    while (before > from && at - before < 4 && (text[before] & 0xc0) == 0x80) {
      before--;
    }
    return before;
  }
}
