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
import java.math.BigDecimal;
import java.util.Map;

/// Writes values as Python's `str` and `repr` do, which templates print by.
final class PythonText {
  private final Budget budget;

  PythonText(Budget budget) {
    this.budget = budget;
  }

  /// Writes a value as `{{ }}` prints it.
  Text print(Value value) {
    return switch (value) {
      case Text text -> text;
      case Undefined undefined -> Text.EMPTY;
      case Value other -> {
        TextBuilder out = new TextBuilder(budget);
        represent(other, out);
        yield out.build();
      }
    };
  }

  private void represent(Value value, TextBuilder out) {
    budget.step();
    switch (value) {
      case Text text -> quote(text, out);
      case Whole whole -> out.append(Long.toString(whole.value()), true);
      case Real real -> out.append(number(real.value()), true);
      case Truth truth -> out.append(truth.value() ? "True" : "False", true);
      case None none -> out.append("None", true);
      case Undefined undefined -> out.append("Undefined", true);
      case Items items -> {
        budget.enter();
        String before = "[";
        for (Value item : items.list()) {
          out.append(before, true);
          represent(item, out);
          before = ", ";
        }
        out.append(items.list().isEmpty() ? "[]" : "]", true);
        budget.leave();
      }
      case Dict dict -> {
        budget.enter();
        String before = "{";
        for (Map.Entry<Value, Value> entry : dict.map().entrySet()) {
          out.append(before, true);
          represent(entry.getKey(), out);
          out.append(": ", true);
          represent(entry.getValue(), out);
          before = ", ";
        }
        out.append(dict.map().isEmpty() ? "{}" : "}", true);
        budget.leave();
      }
      case Namespace namespace -> out.append("<Namespace>", true);
      case Function function -> out.append("<Macro '" + function.name() + "'>", true);
      case Loop loop -> out.append("<LoopContext>", true);
    }
  }

  private static void quote(Text text, TextBuilder out) {
    boolean doubled = text.string().indexOf('\'') >= 0 && text.string().indexOf('"') < 0;
    char quote = doubled ? '"' : '\'';
    out.append(String.valueOf(quote), true);
    for (RenderedChat.Segment segment : text.segments()) {
      StringBuilder quoted = new StringBuilder();
      for (int i = 0; i < segment.text().length(); i++) {
        char c = segment.text().charAt(i);
        switch (c) {
          case '\n' -> quoted.append("\\n");
          case '\r' -> quoted.append("\\r");
          case '\t' -> quoted.append("\\t");
          case '\\' -> quoted.append("\\\\");
          default -> {
            if (c == quote) {
              quoted.append('\\').append(c);
            } else if (c < 0x20 || c >= 0x7f && c <= 0xa0 || c == 0xad) {
              quoted.append("\\x").append(hexadecimal(c, 2));
            } else {
              quoted.append(c);
            }
          }
        }
      }
      out.append(quoted.toString(), segment.fromTemplate());
    }
    out.append(String.valueOf(quote), true);
  }

  static String hexadecimal(int value, int digits) {
    String hexadecimal = Integer.toHexString(value);
    return "0".repeat(Math.max(0, digits - hexadecimal.length())) + hexadecimal;
  }

  /// Writes a number with the fewest digits that mean it; `1.0`, `1e-05`, `1e+16`.
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    double magnitude = Math.abs(value);
    if (magnitude == 0 || magnitude >= 1e-4 && magnitude < 1e16) {
      String plain = new BigDecimal(Double.toString(value)).toPlainString();
      if (value == 0) {
        return 1 / value < 0 ? "-0.0" : "0.0";
      }
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    BigDecimal exact = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    String digits = exact.unscaledValue().abs().toString();
    int exponent = digits.length() - 1 - exact.scale();
    StringBuilder out = new StringBuilder(value < 0 ? "-" : "");
    out.append(digits.charAt(0));
    if (digits.length() > 1) {
      out.append('.').append(digits, 1, digits.length());
    }
    out.append('e').append(exponent < 0 ? '-' : '+');
    return out.append(Math.abs(exponent) < 10 ? "0" : "").append(Math.abs(exponent)).toString();
  }
}
