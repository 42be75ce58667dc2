package dev.lungo.chat;

import dev.lungo.chat.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/// Cuts a template into tokens and applies its white-space control: that of its `-` and `+` signs,
/// and `trim_blocks` and `lstrip_blocks`, which chat templates are written for (the line end after
/// a block belongs to the block, as does the indentation before it).
final class Lexer {
  private static final List<String> LONG_SYMBOLS = List.of("//", "**", "==", "!=", "<=", ">=");
  private static final String SYMBOLS = "+-*/%~<>=.,:|()[]{}";

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;

  /// Where a line begins of which the tag before has taken nothing but its end.
  private boolean lineStarting = true;

  private int lineStart;
  private int line = 1;
  private int counted;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String template) {
    String source = template.replace("\r\n", "\n").replace('\r', '\n');
    if (source.endsWith("\n")) {
      source = source.substring(0, source.length() - 1);
    }
    Lexer lexer = new Lexer(source);
    lexer.readAll();
    return lexer.tokens;
  }

  /// Finds line and column of `offset`, which never falls from call to call.
  private Place place(int offset) {
    while (counted < offset) {
      if (source.charAt(counted++) == '\n') {
        line++;
        lineStart = counted;
      }
    }
    return new Place(line, offset - lineStart + 1);
  }

  private void add(Kind kind, String text, int offset) {
    tokens.add(new Token(kind, text, place(offset)));
  }

  private void readAll() {
    while (at < source.length()) {
      int tag = nextTag();
      if (tag < 0) {
        addText(source.substring(at), at);
        at = source.length();
        break;
      }
      char kind = source.charAt(tag + 1);
      char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
      addText(stripBefore(source.substring(at, tag), kind, sign), at);
      lineStarting = false;
      at = tag + (sign == '-' || sign == '+' ? 3 : 2);
      switch (kind) {
        case '#' -> skipComment(tag);
        case '%' -> readBlock(tag);
        default -> {
          add(Kind.PRINT_BEGIN, "{{", tag);
          readInside(tag, "}}", Kind.PRINT_END);
        }
      }
    }
    add(Kind.END, "", source.length());
  }

  private int nextTag() {
    for (int tag = source.indexOf('{', at); tag >= 0; tag = source.indexOf('{', tag + 1)) {
      if (tag + 1 < source.length() && "{%#".indexOf(source.charAt(tag + 1)) >= 0) {
        return tag;
      }
    }
    return -1;
  }

  private void addText(String text, int offset) {
    if (!text.isEmpty()) {
      add(Kind.TEXT, text, offset);
    }
  }

  private String stripBefore(String text, char kind, char sign) {
    if (sign == '-') {
      return Text.ofTemplate(text).strip(false, true, "").string();
    }
    int start = text.lastIndexOf('\n') + 1;
    boolean opensLine = start > 0 || lineStarting;
    if (sign != '+' && kind != '{' && opensLine && isSpace(text, start, text.length())) {
      return text.substring(0, start);
    }
    return text;
  }

  private static boolean isSpace(String text, int from, int to) {
    for (int i = from; i < to; i++) {
      if (!Text.isSpace(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  private void skipComment(int tag) {
    int end = source.indexOf("#}", at);
    if (end < 0) {
      throw new ChatTemplateException(place(tag), "this comment has no end; expected #}");
    }
    char sign = end > at ? source.charAt(end - 1) : ' ';
    at = end + 2;
    skipAfter(sign, true);
  }

  /// Skips the white space that the tag that ends here takes along.
  private void skipAfter(char sign, boolean takesLineEnd) {
    int from = at;
    if (sign == '-') {
      while (at < source.length() && Text.isSpace(source.charAt(at))) {
        at++;
      }
    } else if (sign != '+' && takesLineEnd && source.startsWith("\n", at)) {
      at++;
    }
    lineStarting = at > from && source.charAt(at - 1) == '\n';
  }

  private void readBlock(int tag) {
    int word = skipSpace(at);
    if (source.startsWith("raw", word)) {
      int end = skipSpace(word + 3);
      if (source.startsWith("%}", end) || source.startsWith("-%}", end)) {
        boolean strips = source.charAt(end) == '-';
        at = end + (strips ? 3 : 2);
        skipAfter(strips ? '-' : ' ', false);
        readRaw(tag);
        return;
      }
    }
    add(Kind.BLOCK_BEGIN, "{%", tag);
    readInside(tag, "%}", Kind.BLOCK_END);
  }

  private void readRaw(int tag) {
    for (int end = source.indexOf("{%", at); end >= 0; end = source.indexOf("{%", end + 2)) {
      char sign = end + 2 < source.length() ? source.charAt(end + 2) : ' ';
      int word = skipSpace(end + (sign == '-' || sign == '+' ? 3 : 2));
      if (!source.startsWith("endraw", word)) {
        continue;
      }
      int close = skipSpace(word + 6);
      char closeSign = close < source.length() ? source.charAt(close) : ' ';
      int marked = closeSign == '-' || closeSign == '+' ? 1 : 0;
      if (source.startsWith("%}", close + marked)) {
        addText(stripBefore(source.substring(at, end), '%', sign), at);
        at = close + marked + 2;
        skipAfter(closeSign, true);
        return;
      }
    }
    throw new ChatTemplateException(place(tag), "this raw block has no end; expected {% endraw %}");
  }

  private int skipSpace(int from) {
    int to = from;
    while (to < source.length() && Text.isSpace(source.charAt(to))) {
      to++;
    }
    return to;
  }

  /// Reads the tokens of a tag up to its end.
  private void readInside(int tag, String end, Kind endKind) {
    StringBuilder open = new StringBuilder();
    while (true) {
      at = skipSpace(at);
      if (at >= source.length()) {
        throw new ChatTemplateException(place(tag), "this tag has no end; expected " + end);
      }
      char c = source.charAt(at);
      boolean signed = (c == '-' || c == '+' && endKind == Kind.BLOCK_END);
      if (open.isEmpty() && source.startsWith(end, signed ? at + 1 : at)) {
        add(endKind, end, at);
        at += signed ? 3 : 2;
        skipAfter(signed ? c : ' ', endKind == Kind.BLOCK_END);
        return;
      }
      if (c == '"' || c == '\'') {
        readString(c);
      } else if (c >= '0' && c <= '9') {
        readNumber();
      } else if (Character.isJavaIdentifierStart(c) && c != '$') {
        int from = at;
        while (at < source.length()
            && Character.isJavaIdentifierPart(source.charAt(at))
            && source.charAt(at) != '$') {
          at++;
        }
        add(Kind.NAME, source.substring(from, at), from);
      } else {
        readSymbol(c, open);
      }
    }
  }

  private void readSymbol(char c, StringBuilder open) {
    if (SYMBOLS.indexOf(c) < 0 && !source.startsWith("!=", at)) {
      throw new ChatTemplateException(place(at), "unexpected character " + c);
    }
    if ("([{".indexOf(c) >= 0) {
      open.append(c == '(' ? ')' : c == '[' ? ']' : '}');
    } else if (")]}".indexOf(c) >= 0) {
      int last = open.length() - 1;
      if (last < 0 || open.charAt(last) != c) {
        throw new ChatTemplateException(
            place(at), "unexpected " + c + (last < 0 ? "" : "; expected " + open.charAt(last)));
      }
      open.setLength(last);
    }
    String symbol = String.valueOf(c);
    for (String candidate : LONG_SYMBOLS) {
      if (source.startsWith(candidate, at)) {
        symbol = candidate;
      }
    }
    add(Kind.SYMBOL, symbol, at);
    at += symbol.length();
  }

  private void readNumber() {
    int from = at;
    skipDigits();
    Kind kind = Kind.WHOLE;
    if (at + 1 < source.length() && source.charAt(at) == '.' && isDigit(at + 1)) {
      kind = Kind.REAL;
      at++;
      skipDigits();
    }
    if (at < source.length() && (source.charAt(at) == 'e' || source.charAt(at) == 'E')) {
      int digits = at + 1;
      if (digits < source.length() && "+-".indexOf(source.charAt(digits)) >= 0) {
        digits++;
      }
      if (isDigit(digits)) {
        kind = Kind.REAL;
        at = digits;
        skipDigits();
      }
    }
    add(kind, source.substring(from, at).replace("_", ""), from);
  }

  private boolean isDigit(int index) {
    return index < source.length() && source.charAt(index) >= '0' && source.charAt(index) <= '9';
  }

  private void skipDigits() {
    while (isDigit(at) || at < source.length() && source.charAt(at) == '_' && isDigit(at + 1)) {
      at++;
    }
  }

  private void readString(char quote) {
    int from = at++;
    StringBuilder text = new StringBuilder();
    while (at < source.length() && source.charAt(at) != quote) {
      char c = source.charAt(at++);
      if (c == '\\' && at < source.length()) {
        readEscape(text);
      } else {
        text.append(c);
      }
    }
    if (at >= source.length()) {
      throw new ChatTemplateException(place(from), "this string has no end; expected " + quote);
    }
    at++;
    add(Kind.STRING, text.toString(), from);
  }

  private void readEscape(StringBuilder text) {
    char c = source.charAt(at++);
    switch (c) {
      case 'n' -> text.append('\n');
      case 't' -> text.append('\t');
      case 'r' -> text.append('\r');
      case 'b' -> text.append('\b');
      case 'f' -> text.append('\f');
      case '0' -> text.append('\0');
      case '\\', '\'', '"' -> text.append(c);
      case '\n' -> {}
      case 'x' -> readCodePoint(2, text);
      case 'u' -> readCodePoint(4, text);
      case 'U' -> readCodePoint(8, text);
      default -> text.append('\\').append(c);
    }
  }

  private void readCodePoint(int digits, StringBuilder text) {
    int value = 0;
    for (int i = 0; i < digits; i++, at++) {
      int digit = at < source.length() ? Character.digit(source.charAt(at), 16) : -1;
      if (digit < 0 || value > Character.MAX_CODE_POINT) {
        throw new ChatTemplateException(
            place(Math.min(at, source.length())),
            "an escaped character needs " + digits + " hexadecimal digits");
      }
      value = value * 16 + digit;
    }
    if (value > Character.MAX_CODE_POINT) {
      throw new ChatTemplateException(place(at), "there is no such character");
    }
    text.appendCodePoint(value);
  }
}
