package dev.lungo.chat;

import dev.lungo.chat.Expression.Arguments;
import dev.lungo.chat.Expression.Attribute;
import dev.lungo.chat.Expression.Binary;
import dev.lungo.chat.Expression.Both;
import dev.lungo.chat.Expression.Call;
import dev.lungo.chat.Expression.Compared;
import dev.lungo.chat.Expression.Conditional;
import dev.lungo.chat.Expression.DictOf;
import dev.lungo.chat.Expression.Either;
import dev.lungo.chat.Expression.Entry;
import dev.lungo.chat.Expression.FilterCall;
import dev.lungo.chat.Expression.Filtered;
import dev.lungo.chat.Expression.Index;
import dev.lungo.chat.Expression.Link;
import dev.lungo.chat.Expression.ListOf;
import dev.lungo.chat.Expression.Literal;
import dev.lungo.chat.Expression.Name;
import dev.lungo.chat.Expression.Not;
import dev.lungo.chat.Expression.Signed;
import dev.lungo.chat.Expression.Slice;
import dev.lungo.chat.Expression.Tested;
import dev.lungo.chat.Value.Dict;
import dev.lungo.chat.Value.Function;
import dev.lungo.chat.Value.Items;
import dev.lungo.chat.Value.Real;
import dev.lungo.chat.Value.Undefined;
import dev.lungo.chat.Value.Whole;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Computes expressions.
final class Evaluator {
  private final Rendering rendering;
  private final Attributes attributes;

  Evaluator(Rendering rendering) {
    this.rendering = rendering;
    this.attributes = new Attributes(rendering);
  }

  Value evaluate(Expression expression, Scope scope) {
    try {
      rendering.budget().step();
      rendering.budget().enter();
      Value value = compute(expression, scope);
      rendering.budget().leave();
      return value;
    } catch (Refusal refusal) {
      throw refusal.at(expression.at());
    }
  }

  boolean isTrue(Expression condition, Scope scope) {
    return Operators.isTrue(evaluate(condition, scope));
  }

  private Value compute(Expression expression, Scope scope) {
    return switch (expression) {
      case Literal literal -> literal.value();
      case Name name -> scope.find(name.name()).orElseGet(() -> new Undefined(name.name()));
      case ListOf list -> new Items(evaluateAll(list.items(), scope));
      case DictOf dict -> dict(dict, scope);
      case Attribute attribute ->
          attributes.attribute(evaluate(attribute.of(), scope), attribute.name());
      case Index index ->
          attributes.index(evaluate(index.of(), scope), evaluate(index.index(), scope));
      case Slice slice ->
          attributes.slice(
              evaluate(slice.of(), scope),
              evaluate(slice.from(), scope),
              evaluate(slice.to(), scope),
              evaluate(slice.step(), scope));
      case Call call -> call(evaluate(call.function(), scope), arguments(call.arguments(), scope));
      case Filtered filtered -> filter(filtered.filter(), evaluate(filtered.of(), scope), scope);
      case Tested tested ->
          Value.of(
              Tests.holds(
                  rendering,
                  tested.test(),
                  evaluate(tested.of(), scope),
                  arguments(tested.arguments(), scope)));
      case Not not -> Value.of(!isTrue(not.of(), scope));
      case Signed signed -> signed(signed.negative(), evaluate(signed.of(), scope));
      case Binary binary ->
          rendering
              .operators()
              .binary(
                  binary.operator(),
                  evaluate(binary.left(), scope),
                  evaluate(binary.right(), scope));
      case Both both -> {
        Value left = evaluate(both.left(), scope);
        yield Operators.isTrue(left) ? evaluate(both.right(), scope) : left;
      }
      case Either either -> {
        Value left = evaluate(either.left(), scope);
        yield Operators.isTrue(left) ? left : evaluate(either.right(), scope);
      }
      case Compared compared -> Value.of(compare(compared, scope));
      case Conditional conditional -> {
        if (isTrue(conditional.condition(), scope)) {
          yield evaluate(conditional.then(), scope);
        }
        yield conditional
            .otherwise()
            .map(otherwise -> evaluate(otherwise, scope))
            .orElseGet(() -> new Undefined("the value of an if without else"));
      }
    };
  }

  private Optional<Value> evaluate(Optional<Expression> expression, Scope scope) {
    return expression.map(present -> evaluate(present, scope));
  }

  private List<Value> evaluateAll(List<Expression> expressions, Scope scope) {
    List<Value> values = new ArrayList<>(expressions.size());
    for (Expression expression : expressions) {
      values.add(evaluate(expression, scope));
    }
    return values;
  }

  private Value dict(DictOf dict, Scope scope) {
    Map<Value, Value> map = new LinkedHashMap<>();
    for (Entry entry : dict.entries()) {
      map.put(Operators.key(evaluate(entry.key(), scope)), evaluate(entry.value(), scope));
    }
    return new Dict(map);
  }

  private CallArguments arguments(Arguments arguments, Scope scope) {
    if (arguments.positional().isEmpty() && arguments.named().isEmpty()) {
      return CallArguments.NONE;
    }
    Map<String, Value> named = new LinkedHashMap<>();
    for (Map.Entry<String, Expression> entry : arguments.named().entrySet()) {
      named.put(entry.getKey(), evaluate(entry.getValue(), scope));
    }
    return new CallArguments(evaluateAll(arguments.positional(), scope), named);
  }

  private static Value call(Value function, CallArguments arguments) {
    return switch (function) {
      case Function callable -> callable.body().call(arguments);
      case Undefined undefined ->
          throw new Refusal(undefined.what() + " is not defined, so it cannot be called");
      case Value other -> throw new Refusal(Operators.kind(other) + " cannot be called");
    };
  }

  /// Applies one filter.
  Value filter(FilterCall filter, Value value, Scope scope) {
    try {
      return Filters.apply(rendering, filter.name(), value, arguments(filter.arguments(), scope));
    } catch (Refusal refusal) {
      throw new ChatTemplateException(
          filter.at(), "filter " + filter.name() + ": " + refusal.getMessage());
    }
  }

  private static Value signed(boolean negative, Value value) {
    return switch (value) {
      case Real real -> negative ? new Real(-real.value()) : real;
      case Value other -> {
        long whole = Operators.whole(other);
        if (negative && whole == Long.MIN_VALUE) {
          throw new Refusal("-" + whole + " is too large");
        }
        yield new Whole(negative ? -whole : whole);
      }
    };
  }

  private boolean compare(Compared compared, Scope scope) {
    Value left = evaluate(compared.first(), scope);
    for (Link link : compared.links()) {
      Value right = evaluate(link.right(), scope);
      Operators operators = rendering.operators();
      boolean holds =
          switch (link.operator()) {
            case "==" -> operators.equal(left, right);
            case "!=" -> !operators.equal(left, right);
            case "<" -> operators.compare(left, right) < 0;
            case "<=" -> operators.compare(left, right) <= 0;
            case ">" -> operators.compare(left, right) > 0;
            case ">=" -> operators.compare(left, right) >= 0;
            case "in" -> operators.contains(right, left);
            default -> !operators.contains(right, left);
          };
      if (!holds) {
        return false;
      }
      left = right;
    }
    return true;
  }
}
