package dev.lungo.chat;

import dev.lungo.tokenizer.TokenBuffer;
import dev.lungo.tokenizer.Tokenizer;
import java.util.List;

/// A conversation as its template wrote it.
///
/// @param segments in order; neighbours differ in their origin
public record RenderedChat(List<Segment> segments) {
  /// A piece of text of one origin.
  ///
  /// @param fromTemplate whether the template wrote it; if not, it came with the conversation, and
  ///   names of special tokens in it are ordinary characters
  public record Segment(String text, boolean fromTemplate) {}

  public RenderedChat {
    segments = List.copyOf(segments);
  }

  /// Returns the whole text.
  public String text() {
    StringBuilder text = new StringBuilder();
    for (Segment segment : segments) {
      text.append(segment.text());
    }
    return text.toString();
  }

  /// Returns the ids of the text, as if it were encoded in one piece with
  /// [dev.lungo.tokenizer.SpecialMode#PARSE], except that special tokens are found only where the
  /// template wrote all of their characters.
  ///
  /// To encode many, keep a [ChatEncoder].
  public int[] encode(Tokenizer tokenizer) {
    TokenBuffer out = new TokenBuffer();
    new ChatEncoder(tokenizer).encode(this, out);
    return out.toArray();
  }
}
