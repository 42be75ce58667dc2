package dev.lungo.tokenizer;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/// Reads OpenAI's `.tiktoken` files: a base64 token, a space and its rank on each line.
///
/// The file says neither how text is cut nor what its special tokens are: both follow from its
/// name, or from how many tokens it has.
final class TiktokenFile {
  private static final long LARGEST_FILE = 1L << 28;

  private TiktokenFile() {}

  /// @throws MalformedFileException if a line is no token with its rank, or the encoding cannot be
  ///   recognised
  static BytePairTokenizer read(Path file) throws IOException {
    if (Files.size(file) > LARGEST_FILE) {
      throw new MalformedFileException(
          file.toString(),
          0,
          "length",
          Files.size(file) + " bytes; no such file is beyond " + LARGEST_FILE);
    }
    byte[] content = Files.readAllBytes(file);
    List<byte[]> tokens = readTokens(file, content);
    try {
      return new BytePairTokenizer(definition(file, tokens));
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(
          file.toString(), 0, "tokens", String.valueOf(e.getMessage()));
    }
  }

  private static List<byte[]> readTokens(Path file, byte[] content) throws IOException {
    // A line is at least six bytes, so that the file's length bounds the ranks.
    byte[][] tokens = new byte[content.length / 6 + 2][];
    int count = 0;
    for (int start = 0; start < content.length; ) {
      int end = start;
      while (end < content.length && content[end] != '\n') {
        end++;
      }
      if (end > start) {
        readLine(file, content, start, end, tokens);
        count++;
      }
      start = end + 1;
    }
    for (int rank = 0; rank < count; rank++) {
      if (tokens[rank] == null) {
        throw new MalformedFileException(
            file.toString(),
            0,
            "rank",
            "ranks must be 0 to " + (count - 1) + "; " + rank + " is missing");
      }
    }
    return new ArrayList<>(Arrays.asList(tokens).subList(0, count));
  }

  private static void readLine(Path file, byte[] content, int start, int end, byte[][] tokens)
      throws IOException {
    int space = start;
    while (space < end && content[space] != ' ') {
      space++;
    }
    int rank = 0;
    int digits = 0;
    for (int i = space + 1; i < end && content[i] != '\r'; i++) {
      if (content[i] < '0' || content[i] > '9' || ++digits > 8) {
        throw new MalformedFileException(file.toString(), i, "rank", "expected digits only");
      }
      rank = rank * 10 + content[i] - '0';
    }
    if (digits == 0 || rank >= tokens.length || tokens[rank] != null) {
      throw new MalformedFileException(
          file.toString(),
          start,
          "rank",
          "expected a base64 token, a space and a rank that is new and below the number of lines");
    }
    try {
      tokens[rank] = Base64.getDecoder().decode(Arrays.copyOfRange(content, start, space));
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(
          file.toString(), start, "token", "is not base64: " + e.getMessage());
    }
    if (tokens[rank].length == 0) {
      throw new MalformedFileException(file.toString(), start, "token", "is empty");
    }
  }

  private static BytePairDefinition definition(Path file, List<byte[]> tokens) throws IOException {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    if (name.contains("cl100k") || tokens.size() == 100_256) {
      return BytePairDefinition.ofRanks(
          tokens,
          new Gpt4Splitter(3),
          List.of(
              AddedToken.special(tokens.size() + 1, "<|endoftext|>"),
              AddedToken.special(tokens.size() + 2, "<|fim_prefix|>"),
              AddedToken.special(tokens.size() + 3, "<|fim_middle|>"),
              AddedToken.special(tokens.size() + 4, "<|fim_suffix|>"),
              AddedToken.special(tokens.size() + 20, "<|endofprompt|>")),
          BytePairDefinition.Frame.endingWith(tokens.size() + 1));
    }
    if (name.contains("o200k") || tokens.size() == 199_998) {
      return BytePairDefinition.ofRanks(
          tokens,
          new O200kSplitter(3, true),
          List.of(
              AddedToken.special(tokens.size() + 1, "<|endoftext|>"),
              AddedToken.special(tokens.size() + 20, "<|endofprompt|>")),
          BytePairDefinition.Frame.endingWith(tokens.size() + 1));
    }
    if (name.contains("r50k") || name.contains("gpt2") || tokens.size() == 50_256) {
      return BytePairDefinition.ofRanks(
          tokens,
          new Gpt2Splitter(),
          List.of(AddedToken.special(tokens.size(), "<|endoftext|>")),
          BytePairDefinition.Frame.endingWith(tokens.size()));
    }
    throw new MalformedFileException(
        file.toString(),
        0,
        "encoding",
        "a .tiktoken file does not say how text is cut; name it after its encoding: cl100k_base, o200k_base or r50k_base");
  }
}
