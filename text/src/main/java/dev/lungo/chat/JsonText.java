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
import java.util.List;
import java.util.Map;

/// Writes values as JSON in the form that models were trained on: Python's, with a space after each
/// comma and colon.
final class JsonText {
  private final Budget budget;
  private final String indent;
  private final String comma;
  private final String colon;
  private final boolean escapesAll;
  private final boolean sortsKeys;
  private final TextBuilder out;

  private JsonText(Budget budget, CallArguments arguments) {
    this.budget = budget;
    // In the order that Hugging Face gave them.
    arguments.only("ensure_ascii", "indent", "separators", "sort_keys");
    Value width = arguments.find(1, "indent").orElse(None.NONE);
    if (width instanceof Text text) {
      indent = "\n" + text.string();
    } else if (width == None.NONE) {
      indent = "";
    } else {
      long spaces = Operators.whole(width);
      if (spaces > 1000) {
        throw new Refusal("indents by at most 1000 spaces, not " + spaces);
      }
      indent = "\n" + " ".repeat((int) Math.max(0, spaces));
    }
    escapesAll = arguments.truth(0, "ensure_ascii", false);
    sortsKeys = arguments.truth(3, "sort_keys", false);
    Value separators = arguments.find(2, "separators").orElse(None.NONE);
    if (separators instanceof Items items && items.list().size() == 2) {
      comma = Operators.text(items.list().get(0), "separators").string();
      colon = Operators.text(items.list().get(1), "separators").string();
    } else if (separators == None.NONE) {
      comma = indent.isEmpty() ? ", " : ",";
      colon = ": ";
    } else {
      throw new Refusal("separators must be two strings");
    }
    out = new TextBuilder(budget);
  }

  static Text write(Budget budget, Value value, CallArguments arguments) {
    JsonText json = new JsonText(budget, arguments);
    json.write(value, 0);
    return json.out.build();
  }

  private void write(Value value, int depth) {
    budget.step();
    switch (value) {
      case Text text -> quote(text);
      case Whole whole -> out.append(Long.toString(whole.value()), true);
      case Real real -> out.append(number(real.value()), true);
      case Truth truth -> out.append(truth.value() ? "true" : "false", true);
      case None none -> out.append("null", true);
      case Items items -> writeItems(items.list(), depth);
      case Dict dict -> writeEntries(dict.map(), depth);
      case Undefined undefined -> throw unwritable(value);
      case Namespace namespace -> throw unwritable(value);
      case Function function -> throw unwritable(value);
      case Loop loop -> throw unwritable(value);
    }
  }

  private static Refusal unwritable(Value value) {
    return new Refusal("JSON cannot hold " + Operators.kind(value));
  }

  private static String number(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "Infinity" : "-Infinity";
    }
    return PythonText.number(value);
  }

  private void writeItems(List<Value> items, int depth) {
    budget.enter();
    out.append("[", true);
    for (int i = 0; i < items.size(); i++) {
      out.append(i == 0 ? "" : comma, true);
      newLine(depth + 1);
      write(items.get(i), depth + 1);
    }
    if (!items.isEmpty()) {
      newLine(depth);
    }
    out.append("]", true);
    budget.leave();
  }

  private void writeEntries(Map<Value, Value> map, int depth) {
    budget.enter();
    List<Map.Entry<Value, Value>> entries = new ArrayList<>(map.entrySet());
    if (sortsKeys) {
      Operators operators = new Operators(budget);
      entries.sort((a, b) -> operators.compare(a.getKey(), b.getKey()));
    }
    out.append("{", true);
    for (int i = 0; i < entries.size(); i++) {
      out.append(i == 0 ? "" : comma, true);
      newLine(depth + 1);
      writeKey(entries.get(i).getKey());
      out.append(colon, true);
      write(entries.get(i).getValue(), depth + 1);
    }
    if (!entries.isEmpty()) {
      newLine(depth);
    }
    out.append("}", true);
    budget.leave();
  }

  private void writeKey(Value key) {
    if (key instanceof Text text) {
      quote(text);
    } else {
      out.append("\"", true);
      write(key, 0);
      out.append("\"", true);
    }
  }

  private void newLine(int depth) {
    if (!indent.isEmpty()) {
      out.append("\n", true);
      for (int i = 0; i < depth; i++) {
        out.append(indent.substring(1), true);
      }
    }
  }

  private void quote(Text text) {
    out.append("\"", true);
    for (RenderedChat.Segment segment : text.segments()) {
      StringBuilder quoted = new StringBuilder();
      for (int i = 0; i < segment.text().length(); i++) {
        quote(segment.text().charAt(i), quoted);
      }
      out.append(quoted.toString(), segment.fromTemplate());
    }
    out.append("\"", true);
  }

  private void quote(char c, StringBuilder quoted) {
    switch (c) {
      case '"' -> quoted.append("\\\"");
      case '\\' -> quoted.append("\\\\");
      case '\n' -> quoted.append("\\n");
      case '\r' -> quoted.append("\\r");
      case '\t' -> quoted.append("\\t");
      case '\b' -> quoted.append("\\b");
      case '\f' -> quoted.append("\\f");
      default -> {
        if (c < 0x20 || escapesAll && c > 0x7e) {
          quoted.append("\\u").append(PythonText.hexadecimal(c, 4));
        } else {
          quoted.append(c);
        }
      }
    }
  }
}
