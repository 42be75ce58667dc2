package dev.lungo.chat;

import dev.lungo.tokenizer.SpecialMode;
import dev.lungo.tokenizer.TokenBuffer;
import dev.lungo.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Encodes rendered conversations so that nobody can write a special token into a message.
///
/// Special tokens are looked for in the template's text alone. What stands between two of them, of
/// either origin, is encoded in one piece, since tokens may reach across: `[INST] hi` has the token
/// ` hi`.
public final class ChatEncoder {
  /// A special token, and whether it takes white space beside it along.
  private record Special(int id, String name, boolean takesSpaceBefore, boolean takesSpaceAfter) {}

  private record Found(Special special, int start) {}

  private final Tokenizer tokenizer;

  /// Special tokens by their first character, longest first.
  private final Map<Character, List<Special>> specials = new HashMap<>();

  public ChatEncoder(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    for (int id = 0; id < tokenizer.vocabularySize(); id++) {
      if (tokenizer.isSpecial(id)) {
        String name = new String(tokenizer.bytesOf(id), StandardCharsets.UTF_8);
        if (!name.isEmpty() && tokenizer.idOf(name).equals(OptionalInt.of(id))) {
          specials
              .computeIfAbsent(name.charAt(0), first -> new ArrayList<>())
              .add(new Special(id, name, isAlone(name, " " + name), isAlone(name, name + "\n")));
        }
      }
    }
    for (List<Special> list : specials.values()) {
      list.sort(Comparator.comparingInt((Special special) -> special.name.length()).reversed());
    }
  }

  /// Asks the tokenizer whether white space beside a special token vanishes.
  private boolean isAlone(String name, String spaced) {
    return tokenizer.encode(spaced, SpecialMode.PARSE).length
        == tokenizer.encode(name, SpecialMode.PARSE).length;
  }

  /// Appends the ids of `chat` to `out`.
  public void encode(RenderedChat chat, TokenBuffer out) {
    String text = chat.text();
    int from = 0;
    for (Found found : findAll(chat)) {
      int end = found.start;
      while (found.special.takesSpaceBefore && end > from && Text.isSpace(text.charAt(end - 1))) {
        end--;
      }
      encodeOrdinary(text, from, end, out);
      out.add(found.special.id);
      from = found.start + found.special.name.length();
      while (found.special.takesSpaceAfter
          && from < text.length()
          && Text.isSpace(text.charAt(from))) {
        from++;
      }
    }
    encodeOrdinary(text, from, text.length(), out);
  }

  /// Returns the first special token in a text that a template wrote.
  public OptionalInt firstSpecial(String templateText) {
    List<Found> found =
        findAll(new RenderedChat(List.of(new RenderedChat.Segment(templateText, true))));
    return found.isEmpty() ? OptionalInt.empty() : OptionalInt.of(found.getFirst().special.id);
  }

  private void encodeOrdinary(String text, int from, int to, TokenBuffer out) {
    if (from < to) {
      tokenizer.encode(text.substring(from, to), SpecialMode.TEXT, out);
    }
  }

  private List<Found> findAll(RenderedChat chat) {
    List<Found> all = new ArrayList<>();
    int start = 0;
    for (RenderedChat.Segment segment : chat.segments()) {
      String text = segment.text();
      int at = 0;
      while (segment.fromTemplate() && at < text.length()) {
        Special special = specialAt(text, at);
        if (special == null) {
          at++;
        } else {
          all.add(new Found(special, start + at));
          at += special.name.length();
        }
      }
      start += text.length();
    }
    return all;
  }

  private @Nullable Special specialAt(String text, int at) {
    for (Special special : specials.getOrDefault(text.charAt(at), List.of())) {
      if (text.startsWith(special.name, at)) {
        return special;
      }
    }
    return null;
  }
}
