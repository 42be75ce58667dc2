package dev.lungo.chat;

import dev.lungo.chat.Value.Truth;
import dev.lungo.chat.Value.Whole;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The values that a function, a filter or a test is called with.
record CallArguments(List<Value> positional, Map<String, Value> named) {
  static final CallArguments NONE = new CallArguments(List.of(), Map.of());

  /// Demands that there are no others than these.
  CallArguments only(String... names) {
    if (positional.size() > names.length) {
      throw new Refusal(
          "takes at most " + names.length + " arguments, but got " + positional.size());
    }
    List<String> known = List.of(names);
    for (String name : named.keySet()) {
      if (!known.contains(name)) {
        throw new Refusal(
            "has no argument "
                + name
                + (known.isEmpty() ? "; it takes none" : "; it takes " + String.join(", ", known)));
      }
    }
    return this;
  }

  Optional<Value> find(int index, String name) {
    if (index < positional.size()) {
      return Optional.of(positional.get(index));
    }
    return Optional.ofNullable(named.get(name));
  }

  Value need(int index, String name) {
    return find(index, name).orElseThrow(() -> new Refusal("needs its argument " + name));
  }

  Text text(int index, String name) {
    return Operators.text(need(index, name), name);
  }

  String string(int index, String name, String otherwise) {
    return find(index, name)
        .filter(value -> value != Value.None.NONE)
        .map(value -> Operators.text(value, name).string())
        .orElse(otherwise);
  }

  long whole(int index, String name, long otherwise) {
    return switch (find(index, name).orElse(Value.None.NONE)) {
      case Whole whole -> whole.value();
      case Truth truth -> truth.value() ? 1 : 0;
      case Value.None none -> otherwise;
      case Value other ->
          throw new Refusal(
              "needs a whole number for " + name + ", but got " + Operators.kind(other));
    };
  }

  boolean truth(int index, String name, boolean otherwise) {
    return find(index, name).map(Operators::isTrue).orElse(otherwise);
  }

  /// Returns what follows the first `count` positional arguments.
  CallArguments after(int count) {
    return new CallArguments(
        positional.subList(Math.min(count, positional.size()), positional.size()), named);
  }
}
