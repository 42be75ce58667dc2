package dev.lungo.chat;

import dev.lungo.chat.Expression.FilterCall;
import java.util.List;
import java.util.Optional;

/// Something that a template does.
sealed interface Statement {
  record Output(Text text) implements Statement {}

  record Print(Expression value) implements Statement {}

  record Branch(Expression condition, List<Statement> body) {}

  record If(List<Branch> branches, List<Statement> otherwise) implements Statement {}

  record For(
      Place at,
      Target target,
      Expression items,
      Optional<Expression> condition,
      List<Statement> body,
      List<Statement> otherwise)
      implements Statement {}

  record Set(Place at, Target target, Expression value) implements Statement {}

  record SetBlock(Place at, Target target, List<FilterCall> filters, List<Statement> body)
      implements Statement {}

  record FilterBlock(Place at, List<FilterCall> filters, List<Statement> body)
      implements Statement {}

  record Parameter(String name, Optional<Expression> otherwise) {}

  record Macro(Place at, String name, List<Parameter> parameters, List<Statement> body)
      implements Statement {}

  /// Statements that are marked without being changed, as `{% generation %}` does.
  record Group(List<Statement> body) implements Statement {}

  record Break() implements Statement {}

  record Continue() implements Statement {}

  /// What is assigned to.
  sealed interface Target {
    record Variable(String name) implements Target {}

    record Member(String namespace, String name) implements Target {}

    record Several(List<Target> targets) implements Target {}
  }
}
