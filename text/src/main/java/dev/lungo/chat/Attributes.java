package dev.lungo.chat;

import dev.lungo.chat.Value.Dict;
import dev.lungo.chat.Value.Items;
import dev.lungo.chat.Value.Namespace;
import dev.lungo.chat.Value.Truth;
import dev.lungo.chat.Value.Undefined;
import dev.lungo.chat.Value.Whole;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// Finds what `value.name`, `value[key]` and `value[from:to:step]` are.
final class Attributes {
  private final Rendering rendering;
  private final Methods methods;

  Attributes(Rendering rendering) {
    this.rendering = rendering;
    this.methods = new Methods(rendering);
  }

  /// Finds `value.name`: a method before an entry, as in Jinja.
  Value attribute(Value value, String name) {
    if (value instanceof Undefined undefined) {
      throw new Refusal(undefined.what() + " is not defined, so it has no attribute " + name);
    }
    Optional<Value> method = methods.find(value, name);
    if (method.isPresent()) {
      return method.get();
    }
    Value found =
        switch (value) {
          case Dict dict -> dict.map().get(Text.ofTemplate(name));
          case Namespace namespace -> namespace.variables().get(name);
          case Loop loop -> loop.attribute(name);
          default -> null;
        };
    return found != null ? found : new Undefined("the attribute " + name);
  }

  /// Finds `value[key]`: an entry before a method.
  Value index(Value value, Value key) {
    return switch (value) {
      case Undefined undefined ->
          throw new Refusal(undefined.what() + " is not defined, so it has no elements");
      case Dict dict -> {
        Value found = key instanceof Undefined ? null : dict.map().get(Operators.key(key));
        yield found != null ? found : named(value, key);
      }
      case Items items when key instanceof Whole || key instanceof Truth -> {
        long index = Operators.whole(key);
        int size = items.list().size();
        long at = index < 0 ? index + size : index;
        yield at >= 0 && at < size
            ? items.list().get((int) at)
            : new Undefined("element " + index + " of a list of " + size);
      }
      case Text text when key instanceof Whole || key instanceof Truth -> {
        long index = Operators.whole(key);
        long size = Operators.length(text);
        long at = index < 0 ? index + size : index;
        yield at >= 0 && at < size
            ? characters(text, at, at + 1)
            : new Undefined("character " + index + " of a string of " + size);
      }
      case Value other -> named(value, key);
    };
  }

  private Value named(Value value, Value key) {
    return key instanceof Text name
        ? attribute(value, name.string())
        : new Undefined("the element at " + Operators.kind(key) + " of " + Operators.kind(value));
  }

  /// Returns characters by their number, which is not that of UTF-16 units.
  private Text characters(Text text, long from, long to) {
    rendering.budget().steps(text.length() / 64);
    int start = text.string().offsetByCodePoints(0, (int) from);
    return text.substring(start, text.string().offsetByCodePoints(start, (int) (to - from)));
  }

  Value slice(Value value, Optional<Value> from, Optional<Value> to, Optional<Value> stepOrNone) {
    long step = bound(stepOrNone).orElse(1L);
    if (step == 0) {
      throw new Refusal("the step of a slice must not be 0");
    }
    long size = Operators.length(value);
    // As in Python, bounds are moved into the list; backwards, the end lies before the first.
    long low = step > 0 ? 0 : -1;
    long high = step > 0 ? size : size - 1;
    long start = inside(bound(from), step > 0 ? low : high, size, low, high);
    long end = inside(bound(to), step > 0 ? high : low, size, low, high);
    if (value instanceof Text text && step == 1) {
      return characters(text, start, Math.max(start, end));
    }
    List<Value> all =
        switch (value) {
          case Text text -> rendering.operators().iterate(text);
          case Items items -> items.list();
          case Value other -> throw new Refusal("cannot slice " + Operators.kind(other));
        };
    if (step == 1) {
      rendering.budget().steps(Math.max(0, end - start));
      return new Items(new ArrayList<>(all.subList((int) start, (int) Math.max(start, end))));
    }
    List<Value> some = new ArrayList<>();
    for (long i = start; step > 0 ? i < end : i > end; i += step) {
      rendering.budget().step();
      some.add(all.get((int) i));
      if (step > 0 ? i > Integer.MAX_VALUE - step : i < Integer.MIN_VALUE - step) {
        break;
      }
    }
    return value instanceof Text ? joined(some) : new Items(some);
  }

  private static Optional<Long> bound(Optional<Value> value) {
    return value.filter(bound -> bound != Value.None.NONE).map(Operators::whole);
  }

  private static long inside(Optional<Long> bound, long otherwise, long size, long low, long high) {
    if (bound.isEmpty()) {
      return otherwise;
    }
    long at = bound.get() < 0 ? bound.get() + size : bound.get();
    return Math.clamp(at, low, high);
  }

  private Text joined(List<Value> characters) {
    TextBuilder out = new TextBuilder(rendering.budget());
    for (Value character : characters) {
      out.append(Operators.text(character, "a character"));
    }
    return out.build();
  }

  /// Returns a list backwards.
  static List<Value> reversed(List<Value> list) {
    List<Value> reversed = new ArrayList<>(list);
    Collections.reverse(reversed);
    return reversed;
  }
}
