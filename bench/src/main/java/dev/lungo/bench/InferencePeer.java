package dev.lungo.bench;

import java.io.IOException;

/// Another project that runs a model, in a process of its own.
interface InferencePeer extends AutoCloseable {
  /// Tokens a second.
  ///
  /// @param prompt of a text that is there, all its tokens at once
  /// @param generation one token after the other
  record Rates(double prompt, double generation) {}

  /// Returns what reports call it.
  String name();

  /// Measures once.
  Rates rates(int prompt, int generated) throws IOException;

  @Override
  void close() throws IOException;
}
