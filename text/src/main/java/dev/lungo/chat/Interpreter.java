package dev.lungo.chat;

import dev.lungo.chat.Expression.FilterCall;
import dev.lungo.chat.Statement.Branch;
import dev.lungo.chat.Statement.Parameter;
import dev.lungo.chat.Statement.Target;
import dev.lungo.chat.Value.Function;
import dev.lungo.chat.Value.Namespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Runs statements, which write text.
final class Interpreter {
  /// What comes after a statement.
  private enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  /// A round of a loop costs as much as so many steps, even where it does nothing.
  private static final int STEPS_A_ROUND = 8;

  private final Rendering rendering;
  private final Evaluator evaluator;

  Interpreter(Rendering rendering) {
    this.rendering = rendering;
    this.evaluator = new Evaluator(rendering);
  }

  /// Runs a template and returns what it wrote.
  Text run(List<Statement> statements, Scope scope) {
    TextBuilder out = new TextBuilder(rendering.budget());
    runAll(statements, scope, out);
    return out.build();
  }

  private Flow runAll(List<Statement> statements, Scope scope, TextBuilder out) {
    for (Statement statement : statements) {
      rendering.budget().step();
      Flow flow = run(statement, scope, out);
      if (flow != Flow.NEXT) {
        return flow;
      }
    }
    return Flow.NEXT;
  }

  private Flow run(Statement statement, Scope scope, TextBuilder out) {
    switch (statement) {
      case Statement.Output output -> out.append(output.text());
      case Statement.Print print -> print(print, scope, out);
      case Statement.If branches -> {
        return runAll(choose(branches, scope), scope, out);
      }
      case Statement.For loop -> runLoop(loop, scope, out);
      case Statement.Set set ->
          placed(
              set.at(), () -> assign(set.target(), evaluator.evaluate(set.value(), scope), scope));
      case Statement.SetBlock block -> {
        Text text = run(block.body(), scope.inner());
        Value value = filtered(text, block.filters(), scope);
        placed(block.at(), () -> assign(block.target(), value, scope));
      }
      case Statement.FilterBlock block -> {
        Value value = filtered(run(block.body(), scope.inner()), block.filters(), scope);
        placed(block.at(), () -> out.append(rendering.string(value)));
      }
      case Statement.Macro macro -> scope.set(macro.name(), function(macro, scope));
      case Statement.Group group -> {
        return runAll(group.body(), scope, out);
      }
      case Statement.Break end -> {
        return Flow.BREAK;
      }
      case Statement.Continue next -> {
        return Flow.CONTINUE;
      }
    }
    return Flow.NEXT;
  }

  /// Does something whose refusal happens at a place.
  private static void placed(Place at, Runnable action) {
    try {
      action.run();
    } catch (Refusal refusal) {
      throw refusal.at(at);
    }
  }

  private void print(Statement.Print print, Scope scope, TextBuilder out) {
    Value value = evaluator.evaluate(print.value(), scope);
    placed(print.value().at(), () -> out.append(rendering.string(value)));
  }

  private List<Statement> choose(Statement.If branches, Scope scope) {
    for (Branch branch : branches.branches()) {
      if (evaluator.isTrue(branch.condition(), scope)) {
        return branch.body();
      }
    }
    return branches.otherwise();
  }

  private Value filtered(Text text, List<FilterCall> filters, Scope scope) {
    Value value = text;
    for (FilterCall filter : filters) {
      value = evaluator.filter(filter, value, scope);
    }
    return value;
  }

  private void runLoop(Statement.For loop, Scope scope, TextBuilder out) {
    Value value = evaluator.evaluate(loop.items(), scope);
    List<Value> items = new ArrayList<>();
    placed(
        loop.items().at(),
        () -> {
          for (Value item : rendering.operators().iterate(value)) {
            if (isWanted(loop, item, scope)) {
              items.add(item);
            }
          }
        });
    if (items.isEmpty()) {
      runAll(loop.otherwise(), scope.inner(), out);
      return;
    }
    for (int i = 0; i < items.size(); i++) {
      Scope inner = scope.inner();
      Value item = items.get(i);
      placed(
          loop.at(),
          () -> {
            rendering.budget().steps(STEPS_A_ROUND);
            assign(loop.target(), item, inner);
          });
      inner.set("loop", new Loop(items, i));
      if (runAll(loop.body(), inner, out) == Flow.BREAK) {
        return;
      }
    }
  }

  private boolean isWanted(Statement.For loop, Value item, Scope scope) {
    if (loop.condition().isEmpty()) {
      return true;
    }
    Scope inner = scope.inner();
    assign(loop.target(), item, inner);
    return evaluator.isTrue(loop.condition().get(), inner);
  }

  private void assign(Target target, Value value, Scope scope) {
    switch (target) {
      case Target.Variable variable -> scope.set(variable.name(), value);
      case Target.Member member -> {
        Optional<Value> namespace = scope.find(member.namespace());
        if (namespace.isEmpty() || !(namespace.get() instanceof Namespace found)) {
          throw new Refusal(
              "only attributes of a namespace can be set, and "
                  + member.namespace()
                  + " is none; make one with namespace()");
        }
        found.variables().put(member.name(), value);
      }
      case Target.Several several -> {
        List<Value> values = rendering.operators().iterate(value);
        if (values.size() != several.targets().size()) {
          throw new Refusal(
              "needs "
                  + several.targets().size()
                  + " values for as many variables, but got "
                  + values.size());
        }
        for (int i = 0; i < values.size(); i++) {
          assign(several.targets().get(i), values.get(i), scope);
        }
      }
    }
  }

  private Function function(Statement.Macro macro, Scope definedIn) {
    return new Function(
        macro.name(),
        arguments -> {
          rendering.budget().enter();
          Scope scope = definedIn.inner();
          bind(macro, arguments, scope);
          Text text = run(macro.body(), scope);
          rendering.budget().leave();
          return text;
        });
  }

  private void bind(Statement.Macro macro, CallArguments arguments, Scope scope) {
    String[] names = macro.parameters().stream().map(Parameter::name).toArray(String[]::new);
    arguments.only(names);
    for (int i = 0; i < names.length; i++) {
      Parameter parameter = macro.parameters().get(i);
      Value value =
          arguments
              .find(i, parameter.name())
              .or(() -> parameter.otherwise().map(given -> evaluator.evaluate(given, scope)))
              .orElseGet(() -> new Value.Undefined("parameter " + parameter.name()));
      scope.set(parameter.name(), value);
    }
  }

  /// Makes the outermost scope of a rendering.
  static Scope scope(Map<String, Value> variables) {
    Scope scope = Scope.outermost();
    variables.forEach(scope::set);
    return scope;
  }
}
