package dev.lungo.hub;

import java.net.http.HttpHeaders;
import java.util.Optional;
import java.util.OptionalLong;

/// An answer after all redirects: 200 or 206, with its body still to be read.
///
/// @param linkedTag what the hub itself says the content comes to, on the way to another host
/// @param linkedSize what the hub itself says the size is
record HubAnswer(
    int status,
    HttpHeaders headers,
    TimedBody body,
    Optional<String> linkedTag,
    OptionalLong linkedSize)
    implements AutoCloseable {

  /// Returns what identifies the content: the hub's word where it has one, else the tag of whoever
  /// answered.
  Optional<String> identity() {
    return linkedTag.or(() -> headers.firstValue("etag").map(HubAnswer::bare));
  }

  /// Returns the tag under which the answering host would continue; a weak one does not promise the
  /// same bytes.
  Optional<String> validator() {
    return headers.firstValue("etag").filter(tag -> tag.matches("\"[\\x21\\x23-\\x7e]{1,200}\""));
  }

  OptionalLong contentLength() throws HubException {
    Optional<String> text = headers.firstValue("content-length");
    return text.isEmpty() ? OptionalLong.empty() : OptionalLong.of(count(text.get()));
  }

  static long count(String text) throws HubException {
    if (!text.matches("[0-9]{1,18}")) {
      throw HubException.lasting(
          "the answer names the length " + SafeName.printable(text) + ", which is none");
    }
    return Long.parseLong(text);
  }

  /// Returns a tag without its quotes and its mark of weakness.
  static String bare(String tag) {
    String strong = tag.startsWith("W/") ? tag.substring(2) : tag;
    return strong.length() >= 2 && strong.startsWith("\"") && strong.endsWith("\"")
        ? strong.substring(1, strong.length() - 1)
        : strong;
  }

  @Override
  public void close() {
    body.close();
  }
}
