package dev.lungo.chat;

import dev.lungo.chat.Value.Dict;
import dev.lungo.chat.Value.Function;
import dev.lungo.chat.Value.Items;
import dev.lungo.chat.Value.None;
import dev.lungo.chat.Value.Undefined;
import dev.lungo.chat.Value.Whole;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The methods of strings, lists and dictionaries that templates call, as Python has them.
final class Methods {
  private static final Set<String> OF_TEXT =
      Set.of(
          "strip",
          "lstrip",
          "rstrip",
          "split",
          "rsplit",
          "splitlines",
          "startswith",
          "endswith",
          "upper",
          "lower",
          "title",
          "capitalize",
          "replace",
          "find",
          "rfind",
          "count",
          "join",
          "removeprefix",
          "removesuffix",
          "isdigit",
          "isalpha",
          "isspace");
  private static final Set<String> OF_LIST = Set.of("append", "count", "index");
  private static final Set<String> OF_DICT = Set.of("items", "keys", "values", "get");

  private final Rendering rendering;
  private final Budget budget;

  Methods(Rendering rendering) {
    this.rendering = rendering;
    this.budget = rendering.budget();
  }

  /// Finds the method of `value` that is called `name`.
  Optional<Value> find(Value value, String name) {
    return switch (value) {
      case Text text when OF_TEXT.contains(name) ->
          Optional.of(new Function(name, arguments -> ofText(text, name, arguments)));
      case Items items when OF_LIST.contains(name) ->
          Optional.of(new Function(name, arguments -> ofList(items, name, arguments)));
      case Dict dict when OF_DICT.contains(name) ->
          Optional.of(new Function(name, arguments -> ofDict(dict, name, arguments)));
      default -> Optional.empty();
    };
  }

  private Value ofText(Text text, String name, CallArguments arguments) {
    budget.steps(text.length() / 64);
    return switch (name) {
      case "strip", "lstrip", "rstrip" ->
          text.strip(
              !name.equals("rstrip"),
              !name.equals("lstrip"),
              arguments.only("chars").string(0, "chars", ""));
      case "split", "rsplit" -> split(text, name.equals("rsplit"), arguments);
      case "splitlines" -> splitLines(text, arguments.only("keepends").truth(0, "keepends", false));
      case "startswith", "endswith" ->
          Value.of(begins(text, name.equals("startswith"), arguments.only("prefix")));
      case "upper" -> text.mapped(budget, part -> part.toUpperCase(Locale.ROOT));
      case "lower" -> text.mapped(budget, part -> part.toLowerCase(Locale.ROOT));
      case "title" -> title(text);
      case "capitalize" -> capitalize(text);
      case "replace" -> {
        arguments.only("old", "new", "count");
        yield replace(
            text,
            arguments.text(0, "old"),
            arguments.text(1, "new"),
            arguments.whole(2, "count", -1));
      }
      case "find" -> position(text, text.string().indexOf(arguments.text(0, "sub").string()));
      case "rfind" -> position(text, text.string().lastIndexOf(arguments.text(0, "sub").string()));
      case "count" -> new Whole(occurrences(text, arguments.text(0, "sub").string()));
      case "join" -> join(text, rendering.operators().iterate(arguments.need(0, "iterable")));
      case "removeprefix" -> {
        String prefix = arguments.text(0, "prefix").string();
        boolean has = text.string().startsWith(prefix);
        yield has ? text.substring(prefix.length(), text.length()) : text;
      }
      case "removesuffix" -> {
        String suffix = arguments.text(0, "suffix").string();
        boolean has = text.string().endsWith(suffix);
        yield has ? text.substring(0, text.length() - suffix.length()) : text;
      }
      case "isdigit" -> Value.of(all(text, Character::isDigit));
      case "isalpha" -> Value.of(all(text, Character::isLetter));
      case "isspace" -> Value.of(all(text, Text::isSpace));
      default -> throw new Refusal("a string has no method " + name);
    };
  }

  private static boolean all(Text text, java.util.function.IntPredicate test) {
    return text.length() > 0 && text.string().codePoints().allMatch(test);
  }

  private static Value position(Text text, int index) {
    return new Whole(index < 0 ? -1 : text.string().codePointCount(0, index));
  }

  private static long occurrences(Text text, String part) {
    if (part.isEmpty()) {
      return Operators.length(text) + 1;
    }
    long count = 0;
    for (int at = text.string().indexOf(part);
        at >= 0;
        at = text.string().indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }

  private static boolean begins(Text text, boolean atStart, CallArguments arguments) {
    Value wanted = arguments.need(0, "prefix");
    List<Value> choices = wanted instanceof Items items ? items.list() : List.of(wanted);
    for (Value choice : choices) {
      String part = Operators.text(choice, "prefix").string();
      if (atStart ? text.string().startsWith(part) : text.string().endsWith(part)) {
        return true;
      }
    }
    return false;
  }

  private Value split(Text text, boolean fromRight, CallArguments arguments) {
    arguments.only("sep", "maxsplit");
    String separator = arguments.string(0, "sep", "");
    boolean atSpace = arguments.find(0, "sep").orElse(None.NONE) == None.NONE;
    if (separator.isEmpty() && !atSpace) {
      throw new Refusal("cannot split at an empty string");
    }
    long most = arguments.whole(1, "maxsplit", -1);
    if (most < 0) {
      most = Long.MAX_VALUE;
    }
    List<Value> parts =
        atSpace ? splitAtSpace(text, most, fromRight) : splitAt(text, separator, most, fromRight);
    budget.steps(parts.size());
    return new Items(parts);
  }

  private static List<Value> splitAt(Text text, String separator, long most, boolean fromRight) {
    List<Value> parts = new ArrayList<>();
    if (fromRight) {
      int to = text.length();
      int at = text.string().lastIndexOf(separator);
      while (at >= 0 && parts.size() < most) {
        parts.add(text.substring(at + separator.length(), to));
        to = at;
        at =
            at < separator.length()
                ? -1
                : text.string().lastIndexOf(separator, at - separator.length());
      }
      parts.add(text.substring(0, to));
      return Attributes.reversed(parts);
    }
    int from = 0;
    int at = text.string().indexOf(separator);
    while (at >= 0 && parts.size() < most) {
      parts.add(text.substring(from, at));
      from = at + separator.length();
      at = text.string().indexOf(separator, from);
    }
    parts.add(text.substring(from, text.length()));
    return parts;
  }

  private static List<Value> splitAtSpace(Text text, long most, boolean fromRight) {
    List<Value> parts = new ArrayList<>();
    Text rest = text.strip(!fromRight, fromRight, "");
    while (rest.length() > 0) {
      int cut = parts.size() < most ? space(rest.string(), fromRight) : -1;
      if (cut < 0) {
        parts.add(rest);
        break;
      }
      parts.add(fromRight ? rest.substring(cut + 1, rest.length()) : rest.substring(0, cut));
      rest = fromRight ? rest.substring(0, cut) : rest.substring(cut, rest.length());
      rest = rest.strip(!fromRight, fromRight, "");
    }
    return fromRight ? Attributes.reversed(parts) : parts;
  }

  private static int space(String text, boolean fromRight) {
    for (int i = 0; i < text.length(); i++) {
      int at = fromRight ? text.length() - 1 - i : i;
      if (Text.isSpace(text.charAt(at))) {
        return at;
      }
    }
    return -1;
  }

  private Value splitLines(Text text, boolean keepEnds) {
    List<Value> lines = new ArrayList<>();
    String string = text.string();
    int from = 0;
    while (from < string.length()) {
      int end = from;
      while (end < string.length() && "\n\r".indexOf(string.charAt(end)) < 0) {
        end++;
      }
      int next = end < string.length() ? end + 1 : end;
      if (string.startsWith("\r\n", end)) {
        next++;
      }
      lines.add(text.substring(from, keepEnds ? next : end));
      from = next;
    }
    budget.steps(lines.size());
    return new Items(lines);
  }

  Text replace(Text text, Text old, Text replacement, long count) {
    if (old.length() == 0) {
      throw new Refusal("cannot replace an empty string");
    }
    TextBuilder out = new TextBuilder(budget);
    int from = 0;
    long left = count < 0 ? Long.MAX_VALUE : count;
    for (int at = text.string().indexOf(old.string());
        at >= 0 && left > 0;
        at = text.string().indexOf(old.string(), from)) {
      out.append(text.substring(from, at)).append(replacement);
      from = at + old.length();
      left--;
    }
    return out.append(text.substring(from, text.length())).build();
  }

  Text join(Text separator, List<Value> values) {
    TextBuilder out = new TextBuilder(budget);
    for (int i = 0; i < values.size(); i++) {
      if (i > 0) {
        out.append(separator);
      }
      out.append(rendering.string(values.get(i)));
    }
    return out.build();
  }

  Text capitalize(Text text) {
    int first = text.length() == 0 ? 0 : Character.charCount(text.string().codePointAt(0));
    Text rest = text.substring(first, text.length());
    return new TextBuilder(budget)
        .append(text.substring(0, first).mapped(budget, part -> part.toUpperCase(Locale.ROOT)))
        .append(rest.mapped(budget, part -> part.toLowerCase(Locale.ROOT)))
        .build();
  }

  private Text title(Text text) {
    TextBuilder out = new TextBuilder(budget);
    boolean inside = false;
    for (RenderedChat.Segment segment : text.segments()) {
      StringBuilder titled = new StringBuilder();
      for (int i = 0; i < segment.text().length(); i++) {
        char c = segment.text().charAt(i);
        titled.append(inside ? Character.toLowerCase(c) : Character.toTitleCase(c));
        inside = Character.isLetter(c);
      }
      out.append(titled.toString(), segment.fromTemplate());
    }
    return out.build();
  }

  private Value ofList(Items items, String name, CallArguments arguments) {
    arguments.only("value");
    Value value = arguments.need(0, "value");
    switch (name) {
      case "append" -> {
        budget.step();
        try {
          items.list().add(value);
        } catch (UnsupportedOperationException fixed) {
          throw new Refusal("this list cannot be changed");
        }
        return None.NONE;
      }
      case "count" -> {
        long count = 0;
        for (Value item : items.list()) {
          count += rendering.operators().equal(item, value) ? 1 : 0;
        }
        return new Whole(count);
      }
      default -> {
        for (int i = 0; i < items.list().size(); i++) {
          if (rendering.operators().equal(items.list().get(i), value)) {
            return new Whole(i);
          }
        }
        throw new Refusal("the list does not hold " + Operators.kind(value));
      }
    }
  }

  private Value ofDict(Dict dict, String name, CallArguments arguments) {
    if (name.equals("get")) {
      arguments.only("key", "default");
      Value key = arguments.need(0, "key");
      Value found = key instanceof Undefined ? null : dict.map().get(Operators.key(key));
      return found != null ? found : arguments.find(1, "default").orElse(None.NONE);
    }
    arguments.only();
    budget.steps(dict.map().size());
    return switch (name) {
      case "items" -> new Items(entries(dict));
      case "keys" -> new Items(new ArrayList<>(dict.map().keySet()));
      default -> new Items(new ArrayList<>(dict.map().values()));
    };
  }

  /// Returns the entries as pairs.
  static List<Value> entries(Dict dict) {
    List<Value> entries = new ArrayList<>();
    for (Map.Entry<Value, Value> entry : dict.map().entrySet()) {
      entries.add(new Items(new ArrayList<>(List.of(entry.getKey(), entry.getValue()))));
    }
    return entries;
  }
}
