package dev.lungo.tokenizer;

/// Says what the names of special tokens in a text mean, and whether the tokenizer's frame is
/// added.
public enum SpecialMode {
  /// Names of special tokens are ordinary characters and nothing is added: right for text from
  /// outside.
  TEXT,
  /// Names of special tokens become those tokens; nothing is added: right for texts that a template
  /// composed.
  PARSE,
  /// As [#PARSE], and the tokens that this tokenizer puts around every text (such as `<s>`) are
  /// added.
  FRAME
}
