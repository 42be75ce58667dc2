package dev.lungo.chat;

import dev.lungo.chat.Filters.Filter;
import dev.lungo.chat.Value.Items;
import dev.lungo.chat.Value.None;
import dev.lungo.chat.Value.Undefined;
import dev.lungo.chat.Value.Whole;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Filters that go through lists.
final class ListFilters {
  static final Map<String, Filter> ALL =
      Map.ofEntries(
          Map.entry("join", ListFilters::join),
          Map.entry("first", (r, value, arguments) -> end(r, value, true)),
          Map.entry("last", (r, value, arguments) -> end(r, value, false)),
          Map.entry(
              "list",
              (r, value, arguments) -> new Items(new ArrayList<>(r.operators().iterate(value)))),
          Map.entry("items", (r, value, arguments) -> new Items(Filters.pairs(value))),
          Map.entry("map", ListFilters::map),
          Map.entry("select", (r, value, arguments) -> select(r, value, arguments, false, true)),
          Map.entry("reject", (r, value, arguments) -> select(r, value, arguments, false, false)),
          Map.entry("selectattr", (r, value, arguments) -> select(r, value, arguments, true, true)),
          Map.entry(
              "rejectattr", (r, value, arguments) -> select(r, value, arguments, true, false)),
          Map.entry("sort", ListFilters::sort),
          Map.entry("unique", ListFilters::unique),
          Map.entry("reverse", ListFilters::reverse),
          Map.entry("dictsort", ListFilters::sortEntries),
          Map.entry("min", (r, value, arguments) -> extreme(r, value, arguments, -1)),
          Map.entry("max", (r, value, arguments) -> extreme(r, value, arguments, 1)),
          Map.entry("sum", ListFilters::sum));

  private ListFilters() {}

  private static Value join(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("d", "attribute");
    List<Value> values = rendering.operators().iterate(value);
    Optional<Value> attribute = arguments.find(1, "attribute");
    if (attribute.isPresent()) {
      List<Value> members = new ArrayList<>();
      for (Value one : values) {
        members.add(Filters.member(rendering, one, attribute.get()));
      }
      values = members;
    }
    Text separator = arguments.find(0, "d").map(rendering::string).orElse(Text.EMPTY);
    return new Methods(rendering).join(separator, values);
  }

  private static Value end(Rendering rendering, Value value, boolean first) {
    List<Value> values = rendering.operators().iterate(value);
    if (values.isEmpty()) {
      return new Undefined("the element of an empty list");
    }
    return first ? values.getFirst() : values.getLast();
  }

  private static Value map(Rendering rendering, Value value, CallArguments arguments) {
    List<Value> mapped = new ArrayList<>();
    Optional<Value> attribute =
        arguments.positional().isEmpty()
            ? Optional.ofNullable(arguments.named().get("attribute"))
            : Optional.empty();
    for (Value one : rendering.operators().iterate(value)) {
      if (attribute.isPresent()) {
        Value member = Filters.member(rendering, one, attribute.get());
        Value otherwise = arguments.named().get("default");
        mapped.add(member instanceof Undefined && otherwise != null ? otherwise : member);
      } else {
        String filter = arguments.text(0, "filter").string();
        mapped.add(Filters.apply(rendering, filter, one, arguments.after(1)));
      }
    }
    return new Items(mapped);
  }

  private static Value select(
      Rendering rendering,
      Value value,
      CallArguments arguments,
      boolean byAttribute,
      boolean wanted) {
    List<Value> selected = new ArrayList<>();
    CallArguments rest = byAttribute ? arguments.after(1) : arguments;
    for (Value one : rendering.operators().iterate(value)) {
      Value tested =
          byAttribute ? Filters.member(rendering, one, arguments.need(0, "attribute")) : one;
      boolean holds =
          rest.positional().isEmpty()
              ? Operators.isTrue(tested)
              : Tests.holds(rendering, rest.text(0, "test").string(), tested, rest.after(1));
      if (holds == wanted) {
        selected.add(one);
      }
    }
    return new Items(selected);
  }

  /// Returns what a value is sorted by.
  private static Value sortKey(
      Rendering rendering, Value value, Optional<Value> attribute, boolean caseSensitive) {
    Value key = value;
    if (attribute.isPresent() && attribute.get() != None.NONE) {
      key = Filters.member(rendering, value, attribute.get());
    }
    return key instanceof Text text && !caseSensitive
        ? Text.ofData(text.string().toLowerCase(Locale.ROOT))
        : key;
  }

  private record Keyed(Value key, Value value) {}

  private static List<Value> sorted(Rendering rendering, List<Keyed> keyed, boolean reverse) {
    rendering.budget().steps(keyed.size());
    keyed.sort((a, b) -> {
      int order = rendering.operators().compare(a.key, b.key);
      return reverse ? -order : order;
    });
    List<Value> sorted = new ArrayList<>(keyed.size());
    for (Keyed one : keyed) {
      sorted.add(one.value);
    }
    return sorted;
  }

  private static Value sort(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("reverse", "case_sensitive", "attribute");
    boolean caseSensitive = arguments.truth(1, "case_sensitive", false);
    List<Keyed> keyed = new ArrayList<>();
    for (Value one : rendering.operators().iterate(value)) {
      Optional<Value> attribute = arguments.find(2, "attribute");
      keyed.add(new Keyed(sortKey(rendering, one, attribute, caseSensitive), one));
    }
    return new Items(sorted(rendering, keyed, arguments.truth(0, "reverse", false)));
  }

  private static Value sortEntries(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("case_sensitive", "by", "reverse");
    boolean caseSensitive = arguments.truth(0, "case_sensitive", false);
    int by = arguments.string(1, "by", "key").equals("value") ? 1 : 0;
    List<Keyed> keyed = new ArrayList<>();
    for (Value pair : Filters.pairs(value)) {
      Value key = new Attributes(rendering).index(pair, new Whole(by));
      keyed.add(new Keyed(sortKey(rendering, key, Optional.empty(), caseSensitive), pair));
    }
    return new Items(sorted(rendering, keyed, arguments.truth(2, "reverse", false)));
  }

  private static Value unique(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("case_sensitive", "attribute");
    boolean caseSensitive = arguments.truth(0, "case_sensitive", false);
    List<Value> keys = new ArrayList<>();
    List<Value> unique = new ArrayList<>();
    for (Value one : rendering.operators().iterate(value)) {
      Value key = sortKey(rendering, one, arguments.find(1, "attribute"), caseSensitive);
      if (!rendering.operators().contains(new Items(keys), key)) {
        keys.add(key);
        unique.add(one);
      }
    }
    return new Items(unique);
  }

  private static Value reverse(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only();
    List<Value> reversed = Attributes.reversed(rendering.operators().iterate(value));
    return value instanceof Text
        ? new Methods(rendering).join(Text.EMPTY, reversed)
        : new Items(reversed);
  }

  private static Value extreme(
      Rendering rendering, Value value, CallArguments arguments, int sign) {
    arguments.only("case_sensitive", "attribute");
    boolean caseSensitive = arguments.truth(0, "case_sensitive", false);
    Optional<Keyed> best = Optional.empty();
    for (Value one : rendering.operators().iterate(value)) {
      Value key = sortKey(rendering, one, arguments.find(1, "attribute"), caseSensitive);
      if (best.isEmpty() || rendering.operators().compare(key, best.get().key) * sign > 0) {
        best = Optional.of(new Keyed(key, one));
      }
    }
    return best.map(Keyed::value).orElse(new Undefined("the extreme of an empty list"));
  }

  private static Value sum(Rendering rendering, Value value, CallArguments arguments) {
    arguments.only("attribute", "start");
    Value sum = arguments.find(1, "start").orElse(new Whole(0));
    Optional<Value> attribute = arguments.find(0, "attribute").filter(name -> name != None.NONE);
    for (Value one : rendering.operators().iterate(value)) {
      Value term = attribute.isPresent() ? Filters.member(rendering, one, attribute.get()) : one;
      sum = rendering.operators().binary("+", sum, term);
    }
    return sum;
  }
}
