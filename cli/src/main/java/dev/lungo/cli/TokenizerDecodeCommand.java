package dev.lungo.cli;

import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// Turns token ids back into text.
@Command(
    name = "decode",
    description = "Turn token ids, separated by spaces or commas, back into text.",
    sortOptions = false)
final class TokenizerDecodeCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();
  @Mixin private final TokenizerOption tokenizer = new TokenizerOption();
  @Mixin private final InputText input = new InputText();

  @Option(
      names = "--no-special",
      description = "Leave special tokens out (default: they appear by their names).")
  private boolean noSpecial;

  @Option(
      names = "--json-lines",
      description = "Read one JSON array of ids a line, print one JSON string a line.")
  private boolean jsonLines;

  /// The `--json` result for a text.
  record Result(String text, int tokens) {}

  /// The `--json` result after `--json-lines`.
  record LinesResult(long lines, long tokens) {}

  @Override
  public Integer call() throws IOException {
    Tokenizer decoder = tokenizer.load();
    if (jsonLines) {
      long[] tokens = {0};
      long lines =
          JsonLines.each(
              input,
              value -> {
                int[] ids = ids(value);
                tokens[0] += ids.length;
                console.printJson(decode(decoder, ids));
              });
      console.result(new LinesResult(lines, tokens[0]));
      return 0;
    }
    int[] ids = ids(new String(input.readAll(), StandardCharsets.UTF_8));
    String text = decode(decoder, ids);
    console.print(text);
    console.result(new Result(text, ids.length));
    return 0;
  }

  private String decode(Tokenizer decoder, int[] ids) {
    int[] kept =
        noSpecial ? Arrays.stream(ids).filter(id -> !decoder.isSpecial(id)).toArray() : ids;
    return decoder.decode(kept);
  }

  private static int[] ids(JsonNode value) {
    if (!value.isArray()) {
      throw new IllegalArgumentException("expected a JSON array of ids, found " + value);
    }
    int[] ids = new int[value.size()];
    for (int i = 0; i < ids.length; i++) {
      if (!value.get(i).isIntegralNumber() || !value.get(i).canConvertToInt()) {
        throw new IllegalArgumentException("expected whole numbers, found " + value.get(i));
      }
      ids[i] = value.get(i).intValue();
    }
    return ids;
  }

  private static int[] ids(String text) {
    String[] words = text.replaceAll("[\\[\\],]", " ").strip().split("\\s+");
    if (words.length == 1 && words[0].isEmpty()) {
      return new int[0];
    }
    int[] ids = new int[words.length];
    for (int i = 0; i < ids.length; i++) {
      try {
        ids[i] = Integer.parseInt(words[i]);
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "decode: \"" + words[i] + "\" is no token id; give whole numbers", e);
      }
    }
    return ids;
  }
}
