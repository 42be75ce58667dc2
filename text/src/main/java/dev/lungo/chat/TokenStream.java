package dev.lungo.chat;

import dev.lungo.chat.Token.Kind;
import java.util.List;

/// Tokens, one after the other.
final class TokenStream {
  private final List<Token> tokens;
  private int at;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  /// Returns the next token and leaves it there.
  Token peek() {
    return tokens.get(at);
  }

  /// Returns the token after the next.
  Token peekSecond() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  Token next() {
    Token token = tokens.get(at);
    if (token.kind() != Kind.END) {
      at++;
    }
    return token;
  }

  boolean skipSymbol(String symbol) {
    boolean found = peek().isSymbol(symbol);
    if (found) {
      next();
    }
    return found;
  }

  boolean skipName(String name) {
    boolean found = peek().isName(name);
    if (found) {
      next();
    }
    return found;
  }

  Token expectSymbol(String symbol) {
    if (!peek().isSymbol(symbol)) {
      throw unexpected(symbol);
    }
    return next();
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw unexpected(name);
    }
  }

  Token expect(Kind kind, String description) {
    if (peek().kind() != kind) {
      throw unexpected(description);
    }
    return next();
  }

  ChatTemplateException unexpected(String expected) {
    return new ChatTemplateException(
        peek().at(), "expected " + expected + ", found " + peek().described());
  }
}
