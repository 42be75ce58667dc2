package dev.lungo.cli;

import dev.lungo.file.MalformedFileException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads `--json-lines`: one JSON value a line in, which a command answers by one line out.
final class JsonLines {
  private static final int LONGEST_STRING = 1 << 28;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxStringLength(LONGEST_STRING)
                          .maxNestingDepth(64)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .build();

  /// Answers one line.
  @FunctionalInterface
  interface Answer {
    /// @throws IllegalArgumentException if the value is not what the command takes; the message
    ///   says what is
    void to(JsonNode value) throws IOException;
  }

  private JsonLines() {}

  /// Answers every line of `input` and returns how many there were; blank lines are none.
  ///
  /// @throws MalformedFileException if a line is no JSON value, or not one that `answer` takes
  static long each(InputText input, Answer answer) throws IOException {
    return each(input.name(), input.open(), answer);
  }

  /// Answers every line of `in`, which errors call `name`.
  static long each(String name, InputStream in, Answer answer) throws IOException {
    long lines = 0;
    long number = 0;
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        number++;
        if (!line.isBlank()) {
          answerLine(name, number, line, answer);
          lines++;
        }
      }
    }
    return lines;
  }

  private static void answerLine(String name, long number, String line, Answer answer)
      throws IOException {
    try {
      answer.to(MAPPER.readTree(line));
    } catch (JacksonException e) {
      throw new MalformedFileException(name, 0, "line " + number, e.getOriginalMessage());
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(name, 0, "line " + number, String.valueOf(e.getMessage()));
    }
  }
}
