package dev.lungo.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Holds the commands about tokenizers together.
@Command(
    name = "tokenizer",
    description = "Learn a tokenizer, turn text into token ids and back, look at how text is cut.",
    subcommands = {
      TokenizerTrainCommand.class,
      TokenizerEncodeCommand.class,
      TokenizerDecodeCommand.class,
      TokenizerInspectCommand.class
    })
final class TokenizerCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(), "tokenizer does one of train, encode, decode, inspect; name one");
  }
}
