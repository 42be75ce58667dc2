package dev.lungo.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// A library that encodes text with a given byte-level BPE vocabulary, in our process.
public interface EncoderPeer {
  /// A vocabulary, in every form that a library may want.
  ///
  /// @param name `cl100k` for OpenAI's, which some libraries carry themselves
  /// @param tokenizerJson the same vocabulary as a Hugging Face file
  /// @param pattern how text is cut, for java.util.regex
  /// @param tokens the bytes of each token, special ones left out; the id is the rank by which
  ///   pairs are joined
  record Vocabulary(String name, Path tokenizerJson, String pattern, List<byte[]> tokens) {}

  /// A library with a vocabulary.
  interface Encoder extends AutoCloseable {
    /// Returns the ids of `text`, without special tokens.
    int[] ids(String text);

    /// Encodes `text` in the cheapest way that the library offers, and returns how many ids there
    /// are.
    int count(String text);

    @Override
    void close();
  }

  /// Returns name and version.
  String name();

  Encoder open(Vocabulary vocabulary) throws IOException;
}
