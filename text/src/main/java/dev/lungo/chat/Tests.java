package dev.lungo.chat;

import dev.lungo.chat.Value.Dict;
import dev.lungo.chat.Value.Function;
import dev.lungo.chat.Value.Items;
import dev.lungo.chat.Value.None;
import dev.lungo.chat.Value.Real;
import dev.lungo.chat.Value.Truth;
import dev.lungo.chat.Value.Undefined;
import dev.lungo.chat.Value.Whole;
import java.util.Locale;
import java.util.Map;

/// What may stand after `is`.
final class Tests {
  /// Decides about a value.
  @FunctionalInterface
  private interface Test {
    boolean holds(Rendering rendering, Value value, CallArguments arguments);
  }

  private static final Map<String, Test> ALL =
      Map.ofEntries(
          Map.entry("defined", (r, value, arguments) -> !(value instanceof Undefined)),
          Map.entry("undefined", (r, value, arguments) -> value instanceof Undefined),
          Map.entry("none", (r, value, arguments) -> value == None.NONE),
          Map.entry("string", (r, value, arguments) -> value instanceof Text),
          Map.entry("mapping", (r, value, arguments) -> value instanceof Dict),
          Map.entry("iterable", (r, value, arguments) -> isIterable(value)),
          Map.entry(
              "sequence",
              (r, value, arguments) -> isIterable(value) && !(value instanceof Undefined)),
          Map.entry(
              "number",
              (r, value, arguments) ->
                  value instanceof Whole || value instanceof Real || value instanceof Truth),
          Map.entry("integer", (r, value, arguments) -> value instanceof Whole),
          Map.entry("float", (r, value, arguments) -> value instanceof Real),
          Map.entry("boolean", (r, value, arguments) -> value instanceof Truth),
          Map.entry("true", (r, value, arguments) -> value instanceof Truth truth && truth.value()),
          Map.entry(
              "false", (r, value, arguments) -> value instanceof Truth truth && !truth.value()),
          Map.entry("callable", (r, value, arguments) -> value instanceof Function),
          Map.entry("equalto", Tests::equal),
          Map.entry("eq", Tests::equal),
          Map.entry("sameas", Tests::equal),
          Map.entry("ne", (r, value, arguments) -> !equal(r, value, arguments)),
          Map.entry("lt", (r, value, arguments) -> order(r, value, arguments) < 0),
          Map.entry("lessthan", (r, value, arguments) -> order(r, value, arguments) < 0),
          Map.entry("le", (r, value, arguments) -> order(r, value, arguments) <= 0),
          Map.entry("gt", (r, value, arguments) -> order(r, value, arguments) > 0),
          Map.entry("greaterthan", (r, value, arguments) -> order(r, value, arguments) > 0),
          Map.entry("ge", (r, value, arguments) -> order(r, value, arguments) >= 0),
          Map.entry(
              "in",
              (r, value, arguments) -> r.operators().contains(arguments.need(0, "seq"), value)),
          Map.entry("odd", (r, value, arguments) -> Math.floorMod(Operators.whole(value), 2) == 1),
          Map.entry("even", (r, value, arguments) -> Math.floorMod(Operators.whole(value), 2) == 0),
          Map.entry("divisibleby", Tests::isDivisible),
          Map.entry(
              "lower",
              (r, value, arguments) -> {
                String text = r.string(value).string();
                return text.equals(text.toLowerCase(Locale.ROOT))
                    && !text.equals(text.toUpperCase(Locale.ROOT));
              }),
          Map.entry(
              "upper",
              (r, value, arguments) -> {
                String text = r.string(value).string();
                return text.equals(text.toUpperCase(Locale.ROOT))
                    && !text.equals(text.toLowerCase(Locale.ROOT));
              }));

  private Tests() {}

  static boolean isKnown(String name) {
    return ALL.containsKey(name);
  }

  static boolean holds(Rendering rendering, String name, Value value, CallArguments arguments) {
    Test test = ALL.get(name);
    if (test == null) {
      throw new Refusal("there is no test " + name);
    }
    rendering.budget().step();
    return test.holds(rendering, value, arguments);
  }

  private static boolean isIterable(Value value) {
    return value instanceof Text
        || value instanceof Items
        || value instanceof Dict
        || value instanceof Undefined;
  }

  private static boolean equal(Rendering rendering, Value value, CallArguments arguments) {
    return rendering.operators().equal(value, arguments.need(0, "other"));
  }

  private static int order(Rendering rendering, Value value, CallArguments arguments) {
    return rendering.operators().compare(value, arguments.need(0, "other"));
  }

  private static boolean isDivisible(Rendering rendering, Value value, CallArguments arguments) {
    long divisor = Operators.whole(arguments.need(0, "num"));
    if (divisor == 0) {
      throw new Refusal("nothing is divisible by 0");
    }
    return Operators.whole(value) % divisor == 0;
  }
}
