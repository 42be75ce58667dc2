package dev.lungo.chat;

import dev.lungo.chat.Value.Dict;
import dev.lungo.chat.Value.Items;
import dev.lungo.chat.Value.None;
import dev.lungo.chat.Value.Real;
import dev.lungo.chat.Value.Truth;
import dev.lungo.chat.Value.Undefined;
import dev.lungo.chat.Value.Whole;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What may stand after `|`: filters of single values. Those that go through lists are in
/// [ListFilters].
final class Filters {
  /// Changes a value.
  @FunctionalInterface
  interface Filter {
    Value apply(Rendering rendering, Value value, CallArguments arguments);
  }

  private static final Map<String, Filter> OF_VALUES =
      Map.ofEntries(
          Map.entry(
              "trim",
              (r, value, arguments) ->
                  r.string(value)
                      .strip(true, true, arguments.only("chars").string(0, "chars", ""))),
          Map.entry("length", (r, value, arguments) -> new Whole(Operators.length(value))),
          Map.entry("count", (r, value, arguments) -> new Whole(Operators.length(value))),
          Map.entry(
              "upper",
              (r, value, arguments) ->
                  r.string(value).mapped(r.budget(), part -> part.toUpperCase(Locale.ROOT))),
          Map.entry(
              "lower",
              (r, value, arguments) ->
                  r.string(value).mapped(r.budget(), part -> part.toLowerCase(Locale.ROOT))),
          Map.entry(
              "capitalize", (r, value, arguments) -> new Methods(r).capitalize(r.string(value))),
          Map.entry("title", (r, value, arguments) -> title(r, r.string(value))),
          Map.entry("replace", Filters::replace),
          Map.entry("default", Filters::otherwise),
          Map.entry("d", Filters::otherwise),
          Map.entry(
              "tojson", (r, value, arguments) -> JsonText.write(r.budget(), value, arguments)),
          Map.entry("safe", (r, value, arguments) -> r.string(value)),
          Map.entry("string", (r, value, arguments) -> r.string(value)),
          Map.entry("escape", (r, value, arguments) -> escape(r, r.string(value))),
          Map.entry("e", (r, value, arguments) -> escape(r, r.string(value))),
          Map.entry("indent", Filters::indent),
          Map.entry("int", Filters::whole),
          Map.entry("float", Filters::real),
          Map.entry("abs", (r, value, arguments) -> magnitude(value)),
          Map.entry("round", Filters::round));

  private Filters() {}

  static boolean isKnown(String name) {
    return OF_VALUES.containsKey(name) || ListFilters.ALL.containsKey(name);
  }

  static Value apply(Rendering rendering, String name, Value value, CallArguments arguments) {
    rendering.budget().step();
    Filter filter = OF_VALUES.get(name);
    if (filter == null) {
      filter = ListFilters.ALL.get(name);
    }
    if (filter == null) {
      throw new Refusal("there is no filter " + name);
    }
    return filter.apply(rendering, value, arguments);
  }

  private static Text title(Rendering rendering, Text text) {
    TextBuilder out = new TextBuilder(rendering.budget());
    boolean inside = false;
    for (RenderedChat.Segment segment : text.segments()) {
      StringBuilder titled = new StringBuilder();
      for (int i = 0; i < segment.text().length(); i++) {
        char c = segment.text().charAt(i);
        titled.append(inside ? Character.toLowerCase(c) : Character.toUpperCase(c));
        inside = !Text.isSpace(c) && "-({[<".indexOf(c) < 0;
      }
      out.append(titled.toString(), segment.fromTemplate());
    }
    return out.build();
  }

  private static Value replace(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("old", "new", "count");
    return new Methods(rendering)
        .replace(
            rendering.string(value),
            rendering.string(arguments.need(0, "old")),
            rendering.string(arguments.need(1, "new")),
            arguments.whole(2, "count", -1));
  }

  private static Value otherwise(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("default_value", "boolean");
    boolean replaces =
        value instanceof Undefined
            || arguments.truth(1, "boolean", false) && !Operators.isTrue(value);
    return replaces ? arguments.find(0, "default_value").orElse(Text.EMPTY) : value;
  }

  private static Text escape(Rendering rendering, Text text) {
    return text.mapped(
        rendering.budget(),
        part ->
            part.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;"));
  }

  private static Value indent(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("width", "first", "blank");
    Value width = arguments.find(0, "width").orElse(new Whole(4));
    Text space =
        width instanceof Text text
            ? text
            : Text.ofTemplate(" ".repeat(Math.clamp(Operators.whole(width), 0, 1000)));
    boolean blankToo = arguments.truth(2, "blank", false);
    Text text = rendering.string(value);
    TextBuilder out = new TextBuilder(rendering.budget());
    int from = 0;
    boolean indents = arguments.truth(1, "first", false);
    while (from < text.length()) {
      int end = text.string().indexOf('\n', from);
      int next = end < 0 ? text.length() : end + 1;
      boolean blank = next - from == (end < 0 ? 0 : 1);
      if (indents && (!blank || blankToo)) {
        out.append(space);
      }
      out.append(text.substring(from, next));
      indents = true;
      from = next;
    }
    if (blankToo && text.string().endsWith("\n")) {
      out.append(space);
    }
    return out.build();
  }

  private static Value whole(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("default", "base");
    Value otherwise = arguments.find(0, "default").orElse(new Whole(0));
    long base = arguments.whole(1, "base", 10);
    if (base < 2 || base > 36) {
      throw new Refusal("a base must be 2 to 36, not " + base);
    }
    return switch (value) {
      case Whole whole -> whole;
      case Truth truth -> new Whole(truth.value() ? 1 : 0);
      case Real real when Math.abs(real.value()) < 9e18 -> new Whole((long) real.value());
      case Text text -> {
        String digits = text.strip(true, true, "").string();
        try {
          yield new Whole(Long.parseLong(digits, (int) base));
        } catch (NumberFormatException notWhole) {
          Value number = realOf(digits, otherwise);
          yield number instanceof Real real && Math.abs(real.value()) < 9e18
              ? new Whole((long) real.value())
              : otherwise;
        }
      }
      case Value other -> otherwise;
    };
  }

  private static Value real(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("default");
    Value otherwise = arguments.find(0, "default").orElse(new Real(0));
    return switch (value) {
      case Real real -> real;
      case Whole whole -> new Real(whole.value());
      case Truth truth -> new Real(truth.value() ? 1 : 0);
      case Text text -> realOf(text.strip(true, true, "").string(), otherwise);
      case Value other -> otherwise;
    };
  }

  private static Value realOf(String digits, Value otherwise) {
    // Java would also read suffixes and hexadecimal numbers, and take its time over long ones.
    if (digits.length() > 400 || !digits.matches("[+-]?[0-9]*\\.?[0-9]*([eE][+-]?[0-9]+)?")) {
      return otherwise;
    }
    try {
      return new Real(Double.parseDouble(digits));
    } catch (NumberFormatException noNumber) {
      return otherwise;
    }
  }

  private static Value magnitude(Value value) {
    return switch (value) {
      case Real real -> new Real(Math.abs(real.value()));
      case Value other -> new Whole(Math.abs(Operators.whole(other)));
    };
  }

  private static Value round(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("precision", "method");
    int precision = Math.clamp(arguments.whole(0, "precision", 0), -300, 300);
    RoundingMode mode =
        switch (arguments.string(1, "method", "common")) {
          case "common" -> RoundingMode.HALF_EVEN;
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> throw new Refusal("rounds by common, ceil or floor");
        };
    double number = Operators.real(value);
    if (Double.isNaN(number) || Double.isInfinite(number)) {
      return new Real(number);
    }
    return new Real(new BigDecimal(number).setScale(precision, mode).doubleValue());
  }

  /// Returns a filter that takes an element of a dictionary, or `name.inner`, for lists of them.
  static Value member(Rendering rendering, Value value, Value name) {
    if (!(name instanceof Text path)) {
      return new Attributes(rendering).index(value, name);
    }
    Value member = value;
    for (String part : path.string().split("\\.", -1)) {
      rendering.budget().step();
      boolean isIndex =
          !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
      Value key = isIndex ? new Whole(Long.parseLong(part)) : Text.ofTemplate(part);
      member = new Attributes(rendering).index(member, key);
    }
    return member;
  }

  /// Returns the pairs of a dictionary; none of something that is not defined.
  static List<Value> pairs(Value value) {
    return switch (value) {
      case Dict dict -> Methods.entries(dict);
      case Undefined undefined -> List.of();
      case None none -> throw new Refusal("needs a dictionary, but got none");
      case Items items -> items.list();
      case Value other -> throw new Refusal("needs a dictionary, but got " + Operators.kind(other));
    };
  }
}
