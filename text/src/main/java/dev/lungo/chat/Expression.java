package dev.lungo.chat;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Something with a value.
sealed interface Expression {
  Place at();

  record Literal(Place at, Value value) implements Expression {}

  record Name(Place at, String name) implements Expression {}

  record ListOf(Place at, List<Expression> items) implements Expression {}

  record Entry(Expression key, Expression value) {}

  record DictOf(Place at, List<Entry> entries) implements Expression {}

  record Attribute(Place at, Expression of, String name) implements Expression {}

  record Index(Place at, Expression of, Expression index) implements Expression {}

  record Slice(
      Place at,
      Expression of,
      Optional<Expression> from,
      Optional<Expression> to,
      Optional<Expression> step)
      implements Expression {}

  record Call(Place at, Expression function, Arguments arguments) implements Expression {}

  record Filtered(Place at, Expression of, FilterCall filter) implements Expression {}

  record Tested(Place at, Expression of, String test, Arguments arguments) implements Expression {}

  record Not(Place at, Expression of) implements Expression {}

  record Signed(Place at, boolean negative, Expression of) implements Expression {}

  record Binary(Place at, String operator, Expression left, Expression right)
      implements Expression {}

  record Both(Place at, Expression left, Expression right) implements Expression {}

  record Either(Place at, Expression left, Expression right) implements Expression {}

  /// One step of a comparison such as `1 < x <= 3`, which has two.
  record Link(String operator, Expression right) {}

  record Compared(Place at, Expression first, List<Link> links) implements Expression {}

  record Conditional(
      Place at, Expression condition, Expression then, Optional<Expression> otherwise)
      implements Expression {}

  /// What stands between the parentheses of a call.
  record Arguments(List<Expression> positional, Map<String, Expression> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());
  }

  /// A filter and what it is called with besides the filtered value.
  record FilterCall(Place at, String name, Arguments arguments) {}
}
