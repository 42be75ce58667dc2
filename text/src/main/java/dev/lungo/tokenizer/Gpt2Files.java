package dev.lungo.tokenizer;

import dev.lungo.file.MalformedFileException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonToken;

/// Reads GPT-2's pair of files: `encoder.json` (token: id) and `vocab.bpe` (merges), elsewhere
/// named `vocab.json` and `merges.txt`.
final class Gpt2Files {
  private static final String END_OF_TEXT = "<|endoftext|>";

  private Gpt2Files() {}

  /// @throws MalformedFileException if either file is not what it should be, or they do not belong
  ///   together
  static BytePairTokenizer read(Path vocabularyFile, Path mergesFile) throws IOException {
    Map<String, Integer> vocabulary =
        StrictJson.read(
            vocabularyFile,
            json -> {
              Map<String, Integer> map = new HashMap<>();
              json.expect(JsonToken.START_OBJECT, "document");
              TokenizerJsonReader.readVocabulary(json, map);
              json.end();
              return map;
            });
    try {
      return build(vocabulary, readMerges(mergesFile, vocabulary));
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(
          vocabularyFile.toString(), 0, "tokens", String.valueOf(e.getMessage()));
    }
  }

  private static BytePairTokenizer build(Map<String, Integer> vocabulary, int[] merges) {
    int largest = -1;
    for (int id : vocabulary.values()) {
      largest = Math.max(largest, id);
    }
    byte[][] tokens = new byte[largest + 1][];
    Arrays.fill(tokens, new byte[0]);
    for (Map.Entry<String, Integer> entry : vocabulary.entrySet()) {
      if (tokens[entry.getValue()].length > 0) {
        throw new IllegalArgumentException("id " + entry.getValue() + " is there twice");
      }
      if (!entry.getKey().equals(END_OF_TEXT)) {
        tokens[entry.getValue()] = ByteAlphabet.read(entry.getKey());
      }
    }
    Integer end = vocabulary.get(END_OF_TEXT);
    return new BytePairTokenizer(
        BytePairDefinition.ofMerges(
            Arrays.asList(tokens),
            merges,
            new Gpt2Splitter(),
            end == null ? List.of() : List.of(AddedToken.special(end, END_OF_TEXT)),
            end == null
                ? BytePairDefinition.Frame.none()
                : BytePairDefinition.Frame.endingWith(end)));
  }

  private static int[] readMerges(Path file, Map<String, Integer> vocabulary) throws IOException {
    int[] merges = new int[3 * 1024];
    int size = 0;
    int number = 0;
    try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        number++;
        if (line.isEmpty() || number == 1 && line.startsWith("#version")) {
          continue;
        }
        int space = line.indexOf(' ');
        Integer left = space < 0 ? null : vocabulary.get(line.substring(0, space));
        Integer right = space < 0 ? null : vocabulary.get(line.substring(space + 1));
        Integer joined =
            space < 0 ? null : vocabulary.get(line.substring(0, space) + line.substring(space + 1));
        if (left == null || right == null || joined == null) {
          throw new MalformedFileException(
              file.toString(),
              number,
              "merge (the place counts lines)",
              "expected two tokens of the vocabulary that join to a third, found \""
                  + shortened(line)
                  + "\"");
        }
        if (size == merges.length) {
          merges = Arrays.copyOf(merges, size * 2);
        }
        merges[size++] = left;
        merges[size++] = right;
        merges[size++] = joined;
      }
    } catch (CharacterCodingException e) {
      throw new MalformedFileException(
          file.toString(), number, "merge (the place counts lines)", "is not UTF-8");
    }
    return Arrays.copyOf(merges, size);
  }

  private static String shortened(String line) {
    return line.length() > 80 ? line.substring(0, 80) + "…" : line;
  }
}
