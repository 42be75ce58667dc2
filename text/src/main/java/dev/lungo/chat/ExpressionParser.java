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
import dev.lungo.chat.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads expressions, from the loosest operator down to the tightest.
final class ExpressionParser {
  private static final int DEEPEST = 100;
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<String> NOT_AN_ARGUMENT = Set.of("else", "or", "and", "if", "not");

  private final TokenStream tokens;
  private int depth;

  ExpressionParser(TokenStream tokens) {
    this.tokens = tokens;
  }

  /// Reads an expression, or several with commas between, which make a list.
  Expression parseList() {
    Place at = tokens.peek().at();
    Expression first = parse();
    if (!tokens.peek().isSymbol(",")) {
      return first;
    }
    List<Expression> items = new ArrayList<>(List.of(first));
    while (tokens.skipSymbol(",")) {
      if (endsList()) {
        break;
      }
      items.add(parse());
    }
    return new ListOf(at, items);
  }

  private boolean endsList() {
    Token next = tokens.peek();
    return next.kind() == Kind.BLOCK_END || next.kind() == Kind.PRINT_END || next.isSymbol(")");
  }

  /// Reads one expression.
  Expression parse() {
    if (++depth > DEEPEST) {
      throw new ChatTemplateException(
          tokens.peek().at(), "expressions nest deeper than " + DEEPEST + " levels");
    }
    Expression value = parseWithoutCondition();
    while (tokens.peek().isName("if")) {
      Place at = tokens.next().at();
      Expression condition = parseWithoutCondition();
      Optional<Expression> otherwise =
          tokens.skipName("else") ? Optional.of(parse()) : Optional.empty();
      value = new Conditional(at, condition, value, otherwise);
    }
    depth--;
    return value;
  }

  /// Reads an expression that does not end in an `if`, which then means something else.
  Expression parseWithoutCondition() {
    Expression left = parseAnd();
    while (tokens.peek().isName("or")) {
      Place at = tokens.next().at();
      left = new Either(at, left, parseAnd());
    }
    return left;
  }

  private Expression parseAnd() {
    Expression left = parseNot();
    while (tokens.peek().isName("and")) {
      Place at = tokens.next().at();
      left = new Both(at, left, parseNot());
    }
    return left;
  }

  private Expression parseNot() {
    if (!tokens.peek().isName("not")) {
      return parseCompared();
    }
    if (++depth > DEEPEST) {
      throw tokens.unexpected("fewer nots");
    }
    Place at = tokens.next().at();
    Expression not = new Not(at, parseNot());
    depth--;
    return not;
  }

  private Expression parseCompared() {
    Place at = tokens.peek().at();
    Expression first = parseSum();
    List<Link> links = new ArrayList<>();
    while (true) {
      Token token = tokens.peek();
      if (token.kind() == Kind.SYMBOL && COMPARISONS.contains(token.text())) {
        tokens.next();
        links.add(new Link(token.text(), parseSum()));
      } else if (tokens.skipName("in")) {
        links.add(new Link("in", parseSum()));
      } else if (token.isName("not") && tokens.peekSecond().isName("in")) {
        tokens.next();
        tokens.next();
        links.add(new Link("not in", parseSum()));
      } else {
        return links.isEmpty() ? first : new Compared(at, first, links);
      }
    }
  }

  private Expression parseSum() {
    Expression left = parseConcatenation();
    while (tokens.peek().isSymbol("+") || tokens.peek().isSymbol("-")) {
      Token operator = tokens.next();
      left = new Binary(operator.at(), operator.text(), left, parseConcatenation());
    }
    return left;
  }

  private Expression parseConcatenation() {
    Expression left = parseProduct();
    while (tokens.peek().isSymbol("~")) {
      Token operator = tokens.next();
      left = new Binary(operator.at(), operator.text(), left, parseProduct());
    }
    return left;
  }

  private Expression parseProduct() {
    Expression left = parsePower();
    while (tokens.peek().isSymbol("*")
        || tokens.peek().isSymbol("/")
        || tokens.peek().isSymbol("//")
        || tokens.peek().isSymbol("%")) {
      Token operator = tokens.next();
      left = new Binary(operator.at(), operator.text(), left, parsePower());
    }
    return left;
  }

  private Expression parsePower() {
    Expression left = parseUnary(true);
    while (tokens.peek().isSymbol("**")) {
      Token operator = tokens.next();
      left = new Binary(operator.at(), operator.text(), left, parseUnary(true));
    }
    return left;
  }

  private Expression parseUnary(boolean withFilters) {
    if (++depth > DEEPEST) {
      throw tokens.unexpected("fewer signs");
    }
    Token token = tokens.peek();
    Expression value;
    if (token.isSymbol("-") || token.isSymbol("+")) {
      tokens.next();
      value = new Signed(token.at(), token.isSymbol("-"), parseUnary(false));
    } else {
      value = parsePrimary();
    }
    value = parsePostfix(value);
    depth--;
    return withFilters ? parseFilters(value) : value;
  }

  private Expression parsePrimary() {
    Token token = tokens.peek();
    return switch (token.kind()) {
      case NAME -> {
        tokens.next();
        yield switch (token.text()) {
          case "true", "True" -> new Literal(token.at(), Value.of(true));
          case "false", "False" -> new Literal(token.at(), Value.of(false));
          case "none", "None" -> new Literal(token.at(), Value.None.NONE);
          default -> new Name(token.at(), token.text());
        };
      }
      case STRING -> {
        StringBuilder text = new StringBuilder();
        while (tokens.peek().kind() == Kind.STRING) {
          text.append(tokens.next().text());
        }
        yield new Literal(token.at(), Text.ofTemplate(text.toString()));
      }
      case WHOLE -> {
        tokens.next();
        yield whole(token);
      }
      case REAL -> {
        tokens.next();
        yield new Literal(token.at(), new Value.Real(Double.parseDouble(token.text())));
      }
      case SYMBOL -> parseBracketed(token);
      case TEXT, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, END ->
          throw tokens.unexpected("an expression");
    };
  }

  private static Literal whole(Token token) {
    try {
      return new Literal(token.at(), new Value.Whole(Long.parseLong(token.text())));
    } catch (NumberFormatException tooLarge) {
      throw new ChatTemplateException(token.at(), "the number " + token.text() + " is too large");
    }
  }

  private Expression parseBracketed(Token open) {
    switch (open.text()) {
      case "(" -> {
        tokens.next();
        if (tokens.skipSymbol(")")) {
          return new ListOf(open.at(), List.of());
        }
        Expression inner = parseList();
        tokens.expectSymbol(")");
        return inner;
      }
      case "[" -> {
        tokens.next();
        List<Expression> items = new ArrayList<>();
        while (!tokens.skipSymbol("]")) {
          items.add(parse());
          if (!tokens.peek().isSymbol("]")) {
            tokens.expectSymbol(",");
          }
        }
        return new ListOf(open.at(), items);
      }
      case "{" -> {
        tokens.next();
        List<Entry> entries = new ArrayList<>();
        while (!tokens.skipSymbol("}")) {
          Expression key = parse();
          tokens.expectSymbol(":");
          entries.add(new Entry(key, parse()));
          if (!tokens.peek().isSymbol("}")) {
            tokens.expectSymbol(",");
          }
        }
        return new DictOf(open.at(), entries);
      }
      default -> throw tokens.unexpected("an expression");
    }
  }

  private Expression parsePostfix(Expression of) {
    Expression value = of;
    while (true) {
      Token token = tokens.peek();
      if (tokens.skipSymbol(".")) {
        Token name = tokens.next();
        value =
            switch (name.kind()) {
              case NAME -> new Attribute(token.at(), value, name.text());
              case WHOLE -> new Index(token.at(), value, whole(name));
              default ->
                  throw new ChatTemplateException(
                      name.at(), "expected the name of an attribute, found " + name.described());
            };
      } else if (tokens.skipSymbol("[")) {
        value = parseIndex(token.at(), value);
        tokens.expectSymbol("]");
      } else if (token.isSymbol("(")) {
        value = new Call(token.at(), value, parseArguments());
      } else {
        return value;
      }
    }
  }

  private Expression parseIndex(Place at, Expression of) {
    Optional<Expression> from = slicePart();
    if (!tokens.peek().isSymbol(":")) {
      return new Index(
          at, of, from.orElseThrow(() -> tokens.unexpected("an index between the brackets")));
    }
    tokens.next();
    Optional<Expression> to = slicePart();
    Optional<Expression> step = tokens.skipSymbol(":") ? slicePart() : Optional.empty();
    return new Slice(at, of, from, to, step);
  }

  private Optional<Expression> slicePart() {
    Token next = tokens.peek();
    return next.isSymbol(":") || next.isSymbol("]") ? Optional.empty() : Optional.of(parse());
  }

  Arguments parseArguments() {
    tokens.expectSymbol("(");
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    while (!tokens.skipSymbol(")")) {
      Token token = tokens.peek();
      if (token.isSymbol("*") || token.isSymbol("**")) {
        throw new ChatTemplateException(
            token.at(), "arguments cannot be unpacked with " + token.text() + "; name each");
      }
      if (token.kind() == Kind.NAME && tokens.peekSecond().isSymbol("=")) {
        tokens.next();
        tokens.next();
        if (named.put(token.text(), parse()) != null) {
          throw new ChatTemplateException(token.at(), token.text() + " is given twice");
        }
      } else if (named.isEmpty()) {
        positional.add(parse());
      } else {
        throw tokens.unexpected("a named argument, since one came before");
      }
      if (!tokens.peek().isSymbol(")")) {
        tokens.expectSymbol(",");
      }
    }
    return new Arguments(positional, named);
  }

  private Expression parseFilters(Expression of) {
    Expression value = of;
    while (true) {
      Token token = tokens.peek();
      if (token.isSymbol("|")) {
        for (FilterCall filter : parseFilterCalls()) {
          value = new Filtered(filter.at(), value, filter);
        }
      } else if (token.isName("is")) {
        value = parseTest(value);
      } else if (token.isSymbol("(")) {
        value = new Call(token.at(), value, parseArguments());
      } else {
        return value;
      }
    }
  }

  /// Reads filters, each with a `|` before it.
  List<FilterCall> parseFilterCalls() {
    List<FilterCall> calls = new ArrayList<>();
    while (tokens.skipSymbol("|")) {
      calls.add(parseFilterCall());
    }
    return calls;
  }

  FilterCall parseFilterCall() {
    Token name = tokens.expect(Kind.NAME, "the name of a filter");
    if (!Filters.isKnown(name.text())) {
      throw new ChatTemplateException(name.at(), "there is no filter " + name.text());
    }
    Arguments arguments = tokens.peek().isSymbol("(") ? parseArguments() : Arguments.NONE;
    return new FilterCall(name.at(), name.text(), arguments);
  }

  private Expression parseTest(Expression of) {
    Place at = tokens.next().at();
    boolean negated = tokens.skipName("not");
    Token name = tokens.expect(Kind.NAME, "the name of a test");
    if (!Tests.isKnown(name.text())) {
      throw new ChatTemplateException(name.at(), "there is no test " + name.text());
    }
    Arguments arguments = Arguments.NONE;
    Token next = tokens.peek();
    if (next.isSymbol("(")) {
      arguments = parseArguments();
    } else if (beginsBareArgument(next)) {
      arguments = new Arguments(List.of(parsePostfix(parsePrimary())), Map.of());
    }
    Expression test = new Tested(at, of, name.text(), arguments);
    return negated ? new Not(at, test) : test;
  }

  private static boolean beginsBareArgument(Token token) {
    return switch (token.kind()) {
      case NAME ->
          !NOT_AN_ARGUMENT.contains(token.text())
              && !token.text().equals("is")
              && !token.text().equals("in")
              && !token.text().equals("recursive");
      case STRING, WHOLE, REAL -> true;
      case SYMBOL -> token.text().equals("[") || token.text().equals("{");
      case TEXT, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, END -> false;
    };
  }
}
