package dev.lungo.chat;

import java.util.List;
import java.util.Map;

/// What an expression of a template can be. Nothing of Java is reachable from one.
sealed interface Value
    permits Text,
        Value.Whole,
        Value.Real,
        Value.Truth,
        Value.None,
        Value.Undefined,
        Value.Items,
        Value.Dict,
        Value.Namespace,
        Value.Function,
        Loop {

  record Whole(long value) implements Value {}

  record Real(double value) implements Value {}

  record Truth(boolean value) implements Value {}

  /// What JSON calls null.
  enum None implements Value {
    NONE
  }

  /// What does not exist: false, empty, and an error where something is to be done with it.
  ///
  /// @param what its name, for errors
  record Undefined(String what) implements Value {}

  /// A list; tuples are lists, too.
  record Items(List<Value> list) implements Value {}

  /// A dictionary in the order of insertion. Keys are texts, numbers, truths and none.
  record Dict(Map<Value, Value> map) implements Value {}

  /// What `namespace()` makes: variables that inner scopes can set.
  record Namespace(Map<String, Value> variables) implements Value {}

  /// Something to call: a macro, a method of a value, a function of the language.
  record Function(String name, Body body) implements Value {}

  /// What a function does.
  @FunctionalInterface
  interface Body {
    Value call(CallArguments arguments);
  }

  static Value of(boolean truth) {
    return new Truth(truth);
  }
}
