package dev.lungo.chat;

import dev.lungo.chat.Value.Dict;
import dev.lungo.chat.Value.Function;
import dev.lungo.chat.Value.Items;
import dev.lungo.chat.Value.Namespace;
import dev.lungo.chat.Value.None;
import dev.lungo.chat.Value.Real;
import dev.lungo.chat.Value.Truth;
import dev.lungo.chat.Value.Undefined;
import dev.lungo.chat.Value.Whole;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// What operators do to values, as in Python.
final class Operators {
  private final Budget budget;

  Operators(Budget budget) {
    this.budget = budget;
  }

  /// Names a value's kind for errors.
  static String kind(Value value) {
    return switch (value) {
      case Text text -> "a string";
      case Whole whole -> "the number " + whole.value();
      case Real real -> "the number " + real.value();
      case Truth truth -> truth.value() ? "true" : "false";
      case None none -> "none";
      case Undefined undefined -> undefined.what() + ", which is not defined";
      case Items items -> "a list";
      case Dict dict -> "a dictionary";
      case Namespace namespace -> "a namespace";
      case Function function -> "the function " + function.name();
      case Loop loop -> "loop";
    };
  }

  static Text text(Value value, String what) {
    if (value instanceof Text text) {
      return text;
    }
    throw new Refusal("needs a string for " + what + ", but got " + kind(value));
  }

  static boolean isTrue(Value value) {
    return switch (value) {
      case Text text -> text.length() > 0;
      case Whole whole -> whole.value() != 0;
      case Real real -> real.value() != 0;
      case Truth truth -> truth.value();
      case None none -> false;
      case Undefined undefined -> false;
      case Items items -> !items.list().isEmpty();
      case Dict dict -> !dict.map().isEmpty();
      case Namespace namespace -> true;
      case Function function -> true;
      case Loop loop -> true;
    };
  }

  /// Returns what a `for` goes through: elements, keys, characters.
  List<Value> iterate(Value value) {
    List<Value> list =
        switch (value) {
          // A copy, since the list may grow while it is gone through.
          case Items items -> new ArrayList<>(items.list());
          case Dict dict -> new ArrayList<>(dict.map().keySet());
          case Text text -> characters(text);
          case Undefined undefined -> List.of();
          case Whole whole -> throw cannotIterate(value);
          case Real real -> throw cannotIterate(value);
          case Truth truth -> throw cannotIterate(value);
          case None none -> throw cannotIterate(value);
          case Namespace namespace -> throw cannotIterate(value);
          case Function function -> throw cannotIterate(value);
          case Loop loop -> throw cannotIterate(value);
        };
    budget.steps(list.size());
    return list;
  }

  private static Refusal cannotIterate(Value value) {
    return new Refusal("needs a list, a dictionary or a string, but got " + kind(value));
  }

  private List<Value> characters(Text text) {
    budget.steps(text.length());
    List<Value> characters = new ArrayList<>(text.length());
    for (int i = 0; i < text.length(); ) {
      int next = i + Character.charCount(text.string().codePointAt(i));
      characters.add(text.substring(i, next));
      i = next;
    }
    return characters;
  }

  /// Returns the length of a string in characters, of a list, or of a dictionary.
  static long length(Value value) {
    return switch (value) {
      case Text text -> text.string().codePointCount(0, text.length());
      case Items items -> items.list().size();
      case Dict dict -> dict.map().size();
      case Undefined undefined -> 0;
      case Value other -> throw new Refusal(kind(other) + " has no length");
    };
  }

  private static boolean isNumber(Value value) {
    return value instanceof Whole || value instanceof Real || value instanceof Truth;
  }

  private static boolean isWhole(Value value) {
    return value instanceof Whole || value instanceof Truth;
  }

  static double real(Value value) {
    return switch (value) {
      case Whole whole -> whole.value();
      case Real real -> real.value();
      case Truth truth -> truth.value() ? 1 : 0;
      case Value other -> throw new Refusal("needs a number, but got " + kind(other));
    };
  }

  static long whole(Value value) {
    return switch (value) {
      case Whole whole -> whole.value();
      case Truth truth -> truth.value() ? 1 : 0;
      case Value other -> throw new Refusal("needs a whole number, but got " + kind(other));
    };
  }

  boolean equal(Value left, Value right) {
    budget.step();
    if (isNumber(left) && isNumber(right)) {
      return isWhole(left) && isWhole(right)
          ? whole(left) == whole(right)
          : real(left) == real(right);
    }
    return switch (left) {
      case Text text -> text.equals(right);
      case None none -> right == None.NONE;
      case Undefined undefined -> right instanceof Undefined;
      case Items items -> right instanceof Items other && equalItems(items.list(), other.list());
      case Dict dict -> right instanceof Dict other && equalEntries(dict.map(), other.map());
      case Whole whole -> false;
      case Real real -> false;
      case Truth truth -> false;
      case Namespace namespace -> isSame(left, right);
      case Function function -> isSame(left, right);
      case Loop loop -> isSame(left, right);
    };
  }

  /// What holds variables or code is equal to itself alone: comparing what is inside has no end.
  @SuppressWarnings("ReferenceEquality")
  private static boolean isSame(Object left, Object right) {
    return left == right;
  }

  private boolean equalItems(List<Value> left, List<Value> right) {
    if (left.size() != right.size()) {
      return false;
    }
    budget.enter();
    boolean equal = true;
    for (int i = 0; equal && i < left.size(); i++) {
      equal = equal(left.get(i), right.get(i));
    }
    budget.leave();
    return equal;
  }

  private boolean equalEntries(Map<Value, Value> left, Map<Value, Value> right) {
    if (left.size() != right.size()) {
      return false;
    }
    budget.enter();
    boolean equal = true;
    for (Map.Entry<Value, Value> entry : left.entrySet()) {
      Value other = right.get(entry.getKey());
      equal = equal && other != null && equal(entry.getValue(), other);
    }
    budget.leave();
    return equal;
  }

  /// Compares numbers, strings and lists; below 0 where `left` comes first.
  int compare(Value left, Value right) {
    budget.step();
    if (isWhole(left) && isWhole(right)) {
      return Long.compare(whole(left), whole(right));
    }
    if (isNumber(left) && isNumber(right)) {
      return Double.compare(real(left), real(right));
    }
    if (left instanceof Text a && right instanceof Text b) {
      return compareCodePoints(a.string(), b.string());
    }
    if (left instanceof Items a && right instanceof Items b) {
      budget.enter();
      int order = 0;
      Iterator<Value> others = b.list().iterator();
      for (Value value : a.list()) {
        if (order == 0) {
          order = others.hasNext() ? compare(value, others.next()) : 1;
        }
      }
      budget.leave();
      return order != 0 ? order : Integer.compare(a.list().size(), b.list().size());
    }
    throw new Refusal("cannot order " + kind(left) + " and " + kind(right));
  }

  private static int compareCodePoints(String left, String right) {
    int length = Math.min(left.length(), right.length());
    for (int i = 0; i < length; i++) {
      if (left.charAt(i) != right.charAt(i)) {
        int a = left.charAt(i);
        int b = right.charAt(i);
        // Characters beyond U+FFFF come after all others, though their surrogates do not.
        boolean pairs = Character.isSurrogate((char) a) != Character.isSurrogate((char) b);
        return pairs ? (Character.isSurrogate((char) a) ? 1 : -1) : Integer.compare(a, b);
      }
    }
    return Integer.compare(left.length(), right.length());
  }

  boolean contains(Value container, Value element) {
    return switch (container) {
      case Text text -> {
        if (!(element instanceof Text part)) {
          throw new Refusal("only a string can be in a string, not " + kind(element));
        }
        budget.steps(text.length() / 64);
        yield text.string().contains(part.string());
      }
      case Dict dict -> dict.map().containsKey(key(element));
      case Items items -> {
        boolean found = false;
        for (int i = 0; !found && i < items.list().size(); i++) {
          found = equal(items.list().get(i), element);
        }
        yield found;
      }
      case Undefined undefined -> false;
      case Value other -> throw new Refusal("nothing can be in " + kind(other));
    };
  }

  /// Checks that a value can be the key of a dictionary.
  static Value key(Value value) {
    return switch (value) {
      case Text text -> text;
      case Whole whole -> whole;
      case Real real -> real;
      case Truth truth -> truth;
      case None none -> none;
      case Value other -> throw new Refusal(kind(other) + " cannot be a key");
    };
  }

  Value binary(String operator, Value left, Value right) {
    if (operator.equals("~")) {
      PythonText writer = new PythonText(budget);
      return new TextBuilder(budget).append(writer.print(left)).append(writer.print(right)).build();
    }
    if (isNumber(left) && isNumber(right)) {
      return isWhole(left) && isWhole(right)
          ? wholes(operator, whole(left), whole(right))
          : reals(operator, real(left), real(right));
    }
    if (operator.equals("+") && left instanceof Text a && right instanceof Text b) {
      return new TextBuilder(budget).append(a).append(b).build();
    }
    if (operator.equals("+") && left instanceof Items a && right instanceof Items b) {
      budget.steps((long) a.list().size() + b.list().size());
      List<Value> joined = new ArrayList<>(a.list());
      joined.addAll(b.list());
      return new Items(joined);
    }
    if (operator.equals("*") && isWhole(right) && !isNumber(left)) {
      return repeated(left, whole(right));
    }
    if (operator.equals("*") && isWhole(left)) {
      return repeated(right, whole(left));
    }
    throw new Refusal("cannot compute " + kind(left) + " " + operator + " " + kind(right));
  }

  private Value repeated(Value value, long times) {
    if (value instanceof Text text) {
      TextBuilder out = new TextBuilder(budget);
      for (long i = 0; i < times; i++) {
        budget.step();
        out.append(text);
      }
      return out.build();
    }
    if (value instanceof Items items) {
      List<Value> list = new ArrayList<>();
      for (long i = 0; i < times; i++) {
        budget.steps(1L + items.list().size());
        list.addAll(items.list());
      }
      return new Items(list);
    }
    throw new Refusal("cannot repeat " + kind(value));
  }

  private static Value wholes(String operator, long left, long right) {
    try {
      return switch (operator) {
        case "+" -> new Whole(Math.addExact(left, right));
        case "-" -> new Whole(Math.subtractExact(left, right));
        case "*" -> new Whole(Math.multiplyExact(left, right));
        case "//" -> new Whole(Math.floorDiv(left, right));
        case "%" -> new Whole(Math.floorMod(left, right));
        case "**" -> right < 0 ? reals(operator, left, right) : power(left, right);
        default -> reals(operator, left, right);
      };
    } catch (ArithmeticException e) {
      boolean byZero = right == 0 && "//%".contains(operator);
      throw new Refusal(
          left + " " + operator + " " + right + (byZero ? " divides by 0" : " is too large"));
    }
  }

  private static Value power(long base, long exponent) {
    long result = 1;
    // Above 63, only 0, 1 and -1 have powers that fit.
    long times = exponent > 63 && Math.abs(base) <= 1 ? 2 - exponent % 2 : exponent;
    for (long i = 0; i < Math.min(times, 64); i++) {
      result = Math.multiplyExact(result, base);
    }
    if (times > 63) {
      throw new ArithmeticException();
    }
    return new Whole(result);
  }

  private static Value reals(String operator, double left, double right) {
    if (right == 0 && "//%".contains(operator)) {
      throw new Refusal(left + " " + operator + " " + right + " divides by 0");
    }
    return new Real(
        switch (operator) {
          case "+" -> left + right;
          case "-" -> left - right;
          case "*" -> left * right;
          case "/" -> left / right;
          case "//" -> Math.floor(left / right);
          case "%" -> left - right * Math.floor(left / right);
          case "**" -> Math.pow(left, right);
          default -> throw new Refusal("there is no operator " + operator);
        });
  }
}
