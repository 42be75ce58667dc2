package dev.lungo.chat;

/// What filters, tests and methods need of the rendering that they are part of.
record Rendering(Budget budget, Operators operators, PythonText writer) {
  static Rendering of(Budget budget) {
    return new Rendering(budget, new Operators(budget), new PythonText(budget));
  }

  /// Returns the string of any value.
  Text string(Value value) {
    return writer.print(value);
  }
}
