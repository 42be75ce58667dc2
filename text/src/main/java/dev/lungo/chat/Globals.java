package dev.lungo.chat;

import dev.lungo.chat.Value.Dict;
import dev.lungo.chat.Value.Function;
import dev.lungo.chat.Value.Items;
import dev.lungo.chat.Value.Namespace;
import dev.lungo.chat.Value.Whole;
import java.time.LocalDateTime;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The functions that every template can call.
final class Globals {
  private static final String[] DAYS = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
  };
  private static final String[] MONTHS = {
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December"
  };

  private Globals() {}

  /// @param now asked only where a template asks
  static Map<String, Value> all(Budget budget, java.util.function.Supplier<LocalDateTime> now) {
    Map<String, Value> all = new LinkedHashMap<>();
    add(all, "raise_exception", arguments -> raise(arguments));
    add(all, "range", arguments -> range(budget, arguments));
    add(all, "namespace", arguments -> namespace(arguments));
    add(all, "dict", arguments -> dict(arguments));
    add(all, "strftime_now", arguments -> formatted(arguments, now.get()));
    return all;
  }

  private static void add(Map<String, Value> all, String name, Value.Body body) {
    all.put(name, new Function(name, body));
  }

  private static Value raise(CallArguments arguments) {
    arguments.only("message");
    throw new Refusal("the template refuses: " + arguments.text(0, "message").string());
  }

  private static Value range(Budget budget, CallArguments arguments) {
    arguments.only("start", "stop", "step");
    boolean one = arguments.positional().size() == 1;
    long start = one ? 0 : Operators.whole(arguments.need(0, "start"));
    long stop = Operators.whole(arguments.need(one ? 0 : 1, "stop"));
    long step = arguments.whole(2, "step", 1);
    if (step == 0) {
      throw new Refusal("the step of a range must not be 0");
    }
    List<Value> list = new ArrayList<>();
    for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
      if (list.size() >= Budget.LONGEST_RANGE || Math.abs(i) > Long.MAX_VALUE / 4) {
        throw new Refusal("a range has at most " + Budget.LONGEST_RANGE + " elements");
      }
      budget.step();
      list.add(new Whole(i));
      if (Math.abs(step) > Long.MAX_VALUE / 4) {
        break;
      }
    }
    return new Items(list);
  }

  private static Value namespace(CallArguments arguments) {
    Map<String, Value> variables = new LinkedHashMap<>();
    if (arguments.positional().size() == 1
        && arguments.positional().getFirst() instanceof Dict dict) {
      dict.map()
          .forEach((key, value) -> variables.put(Operators.text(key, "a name").string(), value));
    } else if (!arguments.positional().isEmpty()) {
      throw new Refusal("takes named values, such as namespace(found=false)");
    }
    variables.putAll(arguments.named());
    return new Namespace(variables);
  }

  private static Value dict(CallArguments arguments) {
    Map<Value, Value> map = new LinkedHashMap<>();
    if (arguments.positional().size() == 1
        && arguments.positional().getFirst() instanceof Dict dict) {
      map.putAll(dict.map());
    } else if (!arguments.positional().isEmpty()) {
      throw new Refusal("takes named values or one dictionary");
    }
    arguments.named().forEach((name, value) -> map.put(Text.ofTemplate(name), value));
    return new Dict(map);
  }

  /// Writes a time by the letters of C's strftime, in English as the models were trained.
  private static Text formatted(CallArguments arguments, LocalDateTime now) {
    String format = arguments.only("format").text(0, "format").string();
    if (format.length() > 1000) {
      throw new Refusal("the format has more than 1000 characters");
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char letter = format.charAt(++i);
      boolean padded = letter != '-' || i + 1 == format.length();
      if (!padded) {
        letter = format.charAt(++i);
      }
      out.append(part(letter, padded, now));
    }
    return Text.ofTemplate(out.toString());
  }

  private static String part(char letter, boolean padded, LocalDateTime now) {
    int hour = now.getHour() % 12 == 0 ? 12 : now.getHour() % 12;
    return switch (letter) {
      case 'd' -> digits(now.getDayOfMonth(), padded ? 2 : 1);
      case 'e' -> (now.getDayOfMonth() < 10 ? " " : "") + now.getDayOfMonth();
      case 'm' -> digits(now.getMonthValue(), padded ? 2 : 1);
      case 'b', 'h' -> MONTHS[now.getMonthValue() - 1].substring(0, 3);
      case 'B' -> MONTHS[now.getMonthValue() - 1];
      case 'Y' -> Integer.toString(now.getYear());
      case 'y' -> digits(now.getYear() % 100, padded ? 2 : 1);
      case 'H' -> digits(now.getHour(), padded ? 2 : 1);
      case 'I' -> digits(hour, padded ? 2 : 1);
      case 'M' -> digits(now.getMinute(), padded ? 2 : 1);
      case 'S' -> digits(now.getSecond(), padded ? 2 : 1);
      case 'p' -> now.getHour() < 12 ? "AM" : "PM";
      case 'a' -> DAYS[now.getDayOfWeek().getValue() - 1].substring(0, 3);
      case 'A' -> DAYS[now.getDayOfWeek().getValue() - 1];
      case 'j' -> digits(now.get(ChronoField.DAY_OF_YEAR), padded ? 3 : 1);
      case 'F' -> part('Y', true, now) + "-" + part('m', true, now) + "-" + part('d', true, now);
      case 'T' -> part('H', true, now) + ":" + part('M', true, now) + ":" + part('S', true, now);
      case '%' -> "%";
      default -> throw new Refusal("strftime_now does not know %" + letter);
    };
  }

  private static String digits(int value, int count) {
    String digits = Integer.toString(value);
    return "0".repeat(Math.max(0, count - digits.length())) + digits;
  }
}
