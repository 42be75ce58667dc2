package dev.lungo.tokenizer;

/// A token that is found in a text before anything else, by its exact characters.
///
/// @param id its id
/// @param content its characters
/// @param special whether it stands for no text, such as `<|endoftext|>`
/// @param singleWord whether it counts only where no letter or digit stands beside it
/// @param takesSpaceBefore whether it swallows the white space before it
/// @param takesSpaceAfter whether it swallows the white space after it
/// @param normalized whether it is looked for in the normalised text
public record AddedToken(
    int id,
    String content,
    boolean special,
    boolean singleWord,
    boolean takesSpaceBefore,
    boolean takesSpaceAfter,
    boolean normalized) {

  /// @throws IllegalArgumentException if the content is empty or the id negative
  public AddedToken {
    if (content.isEmpty() || id < 0) {
      throw new IllegalArgumentException(
          "an added token needs characters and an id of 0 or more, not \""
              + content
              + "\" and "
              + id);
    }
  }

  /// Makes a special token without further conditions.
  public static AddedToken special(int id, String content) {
    return new AddedToken(id, content, true, false, false, false, false);
  }

  /// Returns the same token with other characters.
  AddedToken withContent(String other) {
    return new AddedToken(
        id, other, special, singleWord, takesSpaceBefore, takesSpaceAfter, normalized);
  }
}
