package dev.lungo.chat;

import dev.lungo.chat.Value.Function;
import dev.lungo.chat.Value.Undefined;
import dev.lungo.chat.Value.Whole;
import java.util.List;

/// The variable `loop` inside a `for`.
final class Loop implements Value {
  private final List<Value> items;
  private final int index;

  Loop(List<Value> items, int index) {
    this.items = items;
    this.index = index;
  }

  Value attribute(String name) {
    int size = items.size();
    return switch (name) {
      case "index" -> new Whole(index + 1);
      case "index0" -> new Whole(index);
      case "revindex" -> new Whole(size - index);
      case "revindex0" -> new Whole(size - index - 1);
      case "first" -> Value.of(index == 0);
      case "last" -> Value.of(index == size - 1);
      case "length" -> new Whole(size);
      // How deep a recursive loop is; others count as one.
      case "depth" -> new Whole(1);
      case "depth0" -> new Whole(0);
      case "previtem" -> index > 0 ? items.get(index - 1) : new Undefined("loop.previtem");
      case "nextitem" -> index + 1 < size ? items.get(index + 1) : new Undefined("loop.nextitem");
      case "cycle" -> new Function("loop.cycle", this::cycle);
      default -> new Undefined("loop." + name);
    };
  }

  private Value cycle(CallArguments arguments) {
    if (arguments.positional().isEmpty()) {
      throw new Refusal("needs at least one value to choose among");
    }
    return arguments.positional().get(index % arguments.positional().size());
  }
}
