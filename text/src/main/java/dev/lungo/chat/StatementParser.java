package dev.lungo.chat;

import dev.lungo.chat.Expression.FilterCall;
import dev.lungo.chat.Statement.Branch;
import dev.lungo.chat.Statement.Parameter;
import dev.lungo.chat.Statement.Target;
import dev.lungo.chat.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Reads a template: text, expressions to print, and blocks.
final class StatementParser {
  private static final int DEEPEST = 50;

  private final TokenStream tokens;
  private final ExpressionParser expressions;
  private int depth;
  private int loops;

  private StatementParser(TokenStream tokens) {
    this.tokens = tokens;
    this.expressions = new ExpressionParser(tokens);
  }

  static List<Statement> parse(String template) {
    StatementParser parser = new StatementParser(new TokenStream(Lexer.tokens(template)));
    List<Statement> statements = parser.parseUntil(Set.of());
    if (parser.tokens.peek().kind() != Kind.END) {
      throw parser.tokens.unexpected("the name of a statement");
    }
    return statements;
  }

  /// Reads statements up to a block of one of these names, whose `{%` is read and whose name is
  /// next.
  private List<Statement> parseUntil(Set<String> ends) {
    Place begin = tokens.peek().at();
    if (++depth > DEEPEST) {
      throw new ChatTemplateException(begin, "blocks nest deeper than " + DEEPEST + " levels");
    }
    List<Statement> statements = new ArrayList<>();
    while (true) {
      Token token = tokens.next();
      switch (token.kind()) {
        case TEXT -> statements.add(new Statement.Output(Text.ofTemplate(token.text())));
        case PRINT_BEGIN -> {
          statements.add(new Statement.Print(expressions.parseList()));
          tokens.expect(Kind.PRINT_END, "}}");
        }
        case BLOCK_BEGIN -> {
          if (tokens.peek().kind() == Kind.NAME && ends.contains(tokens.peek().text())) {
            depth--;
            return statements;
          }
          statements.add(parseBlock());
        }
        case END -> {
          if (!ends.isEmpty()) {
            throw new ChatTemplateException(
                begin, "this block has no end; expected {% " + String.join(" or ", ends) + " %}");
          }
          depth--;
          return statements;
        }
        default -> throw new ChatTemplateException(token.at(), "unexpected " + token.described());
      }
    }
  }

  private Statement parseBlock() {
    Token name = tokens.expect(Kind.NAME, "the name of a statement");
    return switch (name.text()) {
      case "if" -> parseIf();
      case "for" -> parseFor(name.at());
      case "set" -> parseSet(name.at());
      case "macro" -> parseMacro(name.at());
      case "filter" -> {
        List<FilterCall> filters = new ArrayList<>(List.of(expressions.parseFilterCall()));
        filters.addAll(expressions.parseFilterCalls());
        yield new Statement.FilterBlock(name.at(), filters, parseBody("endfilter"));
      }
      case "generation" -> new Statement.Group(parseBody("endgeneration"));
      case "break" -> {
        endLoopStep(name);
        yield new Statement.Break();
      }
      case "continue" -> {
        endLoopStep(name);
        yield new Statement.Continue();
      }
      case "include", "import", "from", "extends", "block", "call", "do", "with", "autoescape" ->
          throw new ChatTemplateException(
              name.at(), "{% " + name.text() + " %} is not supported in chat templates");
      default ->
          throw new ChatTemplateException(
              name.at(),
              "unexpected {% "
                  + name.text()
                  + " %}; statements are if, for, set, macro, filter, generation, break, continue");
    };
  }

  private void endLoopStep(Token name) {
    if (loops == 0) {
      throw new ChatTemplateException(name.at(), name.text() + " stands outside of any loop");
    }
    endTag();
  }

  private void endTag() {
    tokens.expect(Kind.BLOCK_END, "%}");
  }

  /// Reads the end of a tag, and statements up to the whole tag `end`.
  private List<Statement> parseBody(String end) {
    endTag();
    List<Statement> body = parseUntil(Set.of(end));
    tokens.next();
    endTag();
    return body;
  }

  private Statement parseIf() {
    List<Branch> branches = new ArrayList<>();
    List<Statement> otherwise = List.of();
    String next = "if";
    while (!next.equals("endif")) {
      if (next.equals("else")) {
        otherwise = parseBody("endif");
        return new Statement.If(branches, otherwise);
      }
      Expression condition = expressions.parseList();
      endTag();
      branches.add(new Branch(condition, parseUntil(Set.of("elif", "else", "endif"))));
      next = tokens.next().text();
    }
    endTag();
    return new Statement.If(branches, otherwise);
  }

  private Statement parseFor(Place at) {
    Target target = parseTargets();
    tokens.expectName("in");
    Expression items = expressions.parseWithoutCondition();
    if (tokens.peek().isSymbol(",")) {
      throw tokens.unexpected("one list to go through; put several values in brackets");
    }
    Optional<Expression> condition =
        tokens.skipName("if") ? Optional.of(expressions.parse()) : Optional.empty();
    if (tokens.peek().isName("recursive")) {
      throw new ChatTemplateException(
          tokens.peek().at(), "recursive loops are not supported in chat templates");
    }
    endTag();
    loops++;
    List<Statement> body = parseUntil(Set.of("else", "endfor"));
    loops--;
    List<Statement> otherwise = List.of();
    if (tokens.next().text().equals("else")) {
      otherwise = parseBody("endfor");
    } else {
      endTag();
    }
    return new Statement.For(at, target, items, condition, body, otherwise);
  }

  private Target parseTargets() {
    Target first = parseTarget();
    if (!tokens.peek().isSymbol(",")) {
      return first;
    }
    List<Target> targets = new ArrayList<>(List.of(first));
    while (tokens.skipSymbol(",")) {
      targets.add(parseTarget());
    }
    return new Target.Several(targets);
  }

  private Target parseTarget() {
    if (tokens.skipSymbol("(")) {
      if (++depth > DEEPEST) {
        throw tokens.unexpected("fewer parentheses");
      }
      Target inner = parseTargets();
      tokens.expectSymbol(")");
      depth--;
      return inner;
    }
    String name = tokens.expect(Kind.NAME, "the name of a variable").text();
    if (tokens.skipSymbol(".")) {
      return new Target.Member(name, tokens.expect(Kind.NAME, "the name of an attribute").text());
    }
    return new Target.Variable(name);
  }

  private Statement parseSet(Place at) {
    Target target = parseTargets();
    if (tokens.skipSymbol("=")) {
      Expression value = expressions.parseList();
      endTag();
      return new Statement.Set(at, target, value);
    }
    List<FilterCall> filters = expressions.parseFilterCalls();
    return new Statement.SetBlock(at, target, filters, parseBody("endset"));
  }

  private Statement parseMacro(Place at) {
    String name = tokens.expect(Kind.NAME, "the name of a macro").text();
    List<Parameter> parameters = new ArrayList<>();
    tokens.expectSymbol("(");
    while (!tokens.skipSymbol(")")) {
      String parameter = tokens.expect(Kind.NAME, "the name of a parameter").text();
      Optional<Expression> otherwise =
          tokens.skipSymbol("=") ? Optional.of(expressions.parse()) : Optional.empty();
      parameters.add(new Parameter(parameter, otherwise));
      if (!tokens.peek().isSymbol(")")) {
        tokens.expectSymbol(",");
      }
    }
    int outer = loops;
    loops = 0;
    List<Statement> body = parseBody("endmacro");
    loops = outer;
    return new Statement.Macro(at, name, parameters, body);
  }
}
