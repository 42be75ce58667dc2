package dev.lungo.cli;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/// Lists the commands in the order of the help text. A new command adds one line here.
final class Commands {
  /// A command's name on the command line and how to make it. Making it is what loads its classes.
  record Entry(String name, Supplier<Callable<Integer>> make) {}

  static final List<Entry> ALL =
      List.of(
          new Entry("train", TrainCommand::new),
          new Entry("tune", TuneCommand::new),
          new Entry("generate", GenerateCommand::new),
          new Entry("classify", ClassifyCommand::new),
          new Entry("chat", ChatCommand::new),
          new Entry("translate", TranslateCommand::new),
          new Entry("pull", PullCommand::new),
          new Entry("inspect", InspectCommand::new),
          new Entry("export", ExportCommand::new),
          new Entry("perplexity", PerplexityCommand::new),
          new Entry("lab", LabCommand::new),
          new Entry("verify", VerifyCommand::new),
          new Entry("tokenizer", TokenizerCommand::new),
          new Entry("version", VersionCommand::new),
          new Entry("warm-up", WarmUpCommand::new));

  private Commands() {}
}
