package dev.lungo.cli;

import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/// `--tokenizer`, for commands that use one: `@Mixin private final TokenizerOption tokenizer = new
/// TokenizerOption();`.
final class TokenizerOption {
  @Option(
      names = "--tokenizer",
      paramLabel = "FILE",
      required = true,
      description = {
        "tokenizer.json, tokenizer.model, *.tiktoken, encoder.json with vocab.bpe beside it,",
        "llama2.c's *.bin, *.gguf, or a folder with one of these, such as a run."
      })
  private Path file;

  /// Opens the tokenizer.
  Tokenizer load() throws IOException {
    return TokenizerFiles.load(file);
  }
}
