package dev.lungo.cli;

import dev.lungo.tokenizer.SpecialMode;
import dev.lungo.tokenizer.TokenBuffer;
import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Turns text into token ids.
@Command(name = "encode", description = "Turn text into token ids.", sortOptions = false)
final class TokenizerEncodeCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();
  @Mixin private final TokenizerOption tokenizer = new TokenizerOption();
  @Mixin private final InputText input = new InputText();

  @Option(
      names = "--no-special",
      description = {
        "Take names of special tokens in the text as text, and add none around it",
        "(default: as the tokenizer's own template says)."
      })
  private boolean noSpecial;

  @Option(
      names = "--json-lines",
      description = "Read one JSON string a line, print one JSON array of ids a line.")
  private boolean jsonLines;

  /// The `--json` result for a text.
  record Result(int[] ids, int tokens, int bytes) {}

  /// The `--json` result after `--json-lines`.
  record LinesResult(long lines, long tokens) {}

  @Override
  public Integer call() throws IOException {
    Tokenizer encoder = tokenizer.load();
    SpecialMode mode = noSpecial ? SpecialMode.TEXT : SpecialMode.FRAME;
    if (jsonLines) {
      encodeLines(encoder, mode);
      return 0;
    }
    byte[] text = input.readAll();
    TokenBuffer ids = new TokenBuffer(text.length / 3 + 16);
    encoder.encode(text, 0, text.length, mode, ids);
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < ids.size(); i++) {
      line.append(i == 0 ? "" : " ").append(ids.get(i));
    }
    console.print(line.toString());
    console.result(new Result(ids.toArray(), ids.size(), text.length));
    return 0;
  }

  private void encodeLines(Tokenizer encoder, SpecialMode mode) throws IOException {
    long[] tokens = {0};
    long lines =
        JsonLines.each(
            input,
            value -> {
              if (!value.isString()) {
                throw new IllegalArgumentException("expected a JSON string, found " + value);
              }
              int[] ids = encoder.encode(value.stringValue(), mode);
              tokens[0] += ids.length;
              console.printJson(ids);
            });
    console.result(new LinesResult(lines, tokens[0]));
  }
}
