package dev.lungo.tokenizer;

import java.text.Normalizer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Everything that decides what a [BytePairTokenizer] does; every file format is read into one of
/// these.
///
/// @param tokens the bytes of each id, empty for ids that only added tokens have
/// @param merges left id, right id and resulting id of each merge, best first; empty where ids are
///   the ranks
/// @param idsAreRanks whether two tokens are joined whenever their joined bytes are a token,
///   smallest id first
/// @param wholePiecesFirst whether a piece that is a token becomes that token whatever its merges
///   say
/// @param splitter cuts text into pieces
/// @param normalization the Unicode form that text is brought into first
/// @param spaceBefore whether a space is put before text that does not begin with one
/// @param added tokens found before anything else
/// @param frame what is put around a whole text
public record BytePairDefinition(
    List<byte[]> tokens,
    int[] merges,
    boolean idsAreRanks,
    boolean wholePiecesFirst,
    Splitter splitter,
    Optional<Normalizer.Form> normalization,
    boolean spaceBefore,
    List<AddedToken> added,
    Frame frame) {

  /// What stands around texts.
  ///
  /// @param before ids put before a whole text
  /// @param after ids put after a whole text
  /// @param begin the token that begins a text, whether or not it is put there
  /// @param end the token that ends a text
  /// @param turnEnds further tokens after which nothing more is to be generated
  public record Frame(
      int[] before, int[] after, OptionalInt begin, OptionalInt end, int[] turnEnds) {
    /// A frame whose only ending token is `end`.
    public Frame(int[] before, int[] after, OptionalInt begin, OptionalInt end) {
      this(before, after, begin, end, new int[0]);
    }

    /// Nothing stands around texts.
    public static Frame none() {
      return new Frame(new int[0], new int[0], OptionalInt.empty(), OptionalInt.empty());
    }

    /// No frame; `end` ends a text.
    public static Frame endingWith(int end) {
      return new Frame(new int[0], new int[0], OptionalInt.empty(), OptionalInt.of(end));
    }
  }

  /// Makes the definition of a tokenizer whose merges are listed, as GPT-2's and our own.
  public static BytePairDefinition ofMerges(
      List<byte[]> tokens, int[] merges, Splitter splitter, List<AddedToken> added, Frame frame) {
    return new BytePairDefinition(
        tokens, merges, false, false, splitter, Optional.empty(), false, added, frame);
  }

  /// Makes the definition of a tokenizer whose ids are its ranks, as in tiktoken's files.
  public static BytePairDefinition ofRanks(
      List<byte[]> tokens, Splitter splitter, List<AddedToken> added, Frame frame) {
    return new BytePairDefinition(
        tokens, new int[0], true, true, splitter, Optional.empty(), false, added, frame);
  }
}
