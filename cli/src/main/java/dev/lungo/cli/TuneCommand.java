package dev.lungo.cli;

import dev.lungo.tune.ClassificationRun;
import dev.lungo.tune.ClassificationSettings;
import dev.lungo.tune.ClassificationSettings.Method;
import dev.lungo.tune.CorpusSettings;
import dev.lungo.tune.CorpusTuning;
import dev.lungo.tune.Pooling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Fine-tunes a trained model: to a task, or on other text.
@Command(
    name = "tune",
    description = {
      "Fine-tune a model: make a classifier of it, let it go on learning from other text (--corpus),",
      "or let it read longer texts (--context). With none of these and without --data it learns which",
      "module of the JDK a source file comes from."
    },
    sortOptions = false)
final class TuneCommand implements Callable<Integer> {
  /// What a model is tuned to.
  enum Task {
    CLASSIFICATION
  }

  @Spec private CommandSpec spec;
  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();
  @Mixin private final SeedOption seed = new SeedOption();
  @Mixin private final ContextOptions context = new ContextOptions();

  @Parameters(
      paramLabel = "MODEL",
      description = "Folder of a run or of any model in its layout, or hf:OWNER/NAME as pulled.",
      converter = ModelPath.class)
  private Path model;

  @Option(
      names = "--task",
      paramLabel = "NAME",
      description =
          "classification: answer with one of a few labels (default, unless there is --corpus).")
  private Optional<Task> task = Optional.empty();

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "Labelled texts: .csv or .tsv whose first line names its columns, or .jsonl.")
  private Optional<Path> data = Optional.empty();

  @Option(
      names = "--held-out-data",
      paramLabel = "FILE",
      description = "Measure on these texts (default: on a share of --data).")
  private Optional<Path> heldOutData = Optional.empty();

  @Option(
      names = "--held-out",
      paramLabel = "S",
      description = "Share of the texts to measure on (default: ${DEFAULT-VALUE}).",
      defaultValue = "0.2")
  private double heldOut;

  @Option(
      names = "--text-field",
      paramLabel = "NAME",
      description = "Column or field of the texts (default: ${DEFAULT-VALUE}).",
      defaultValue = "text")
  private String textField;

  @Option(
      names = "--label-field",
      paramLabel = "NAME",
      description = "Column or field of the labels (default: ${DEFAULT-VALUE}).",
      defaultValue = "label")
  private String labelField;

  @Option(
      names = "--method",
      paramLabel = "NAME",
      description =
          "What is trained: frozen (the head alone), lora (low-rank adapters, too) or full"
              + " (everything) (default: ${DEFAULT-VALUE}).",
      defaultValue = "lora")
  private Method method;

  @Option(
      names = "--rank",
      paramLabel = "R",
      description = "Rank of the adapters (default: ${DEFAULT-VALUE}).",
      defaultValue = "8")
  private int rank;

  @Option(
      names = "--alpha",
      paramLabel = "A",
      description = "Their change is scaled by alpha / rank (default: twice the rank).")
  private Optional<Double> alpha = Optional.empty();

  @Option(
      names = "--targets",
      paramLabel = "NAMES",
      split = ",",
      description = "Layers that get adapters, as q_proj,v_proj (default: every linear layer).")
  private List<String> targets = new ArrayList<>();

  @Option(
      names = "--pooling",
      paramLabel = "mean|last|TOKEN",
      description =
          "What the head sees: the mean of all states, the last token's, or that of a special token"
              + " put after the text (default: ${DEFAULT-VALUE}).",
      defaultValue = "mean")
  private String pooling;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Times to learn each text (default: 3; 40 with --method frozen).",
      defaultValue = "0")
  private int epochs;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Texts in a step (default: ${DEFAULT-VALUE}).",
      defaultValue = "8")
  private int batch;

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "Learning rate (default: 0.01 frozen, 0.003 lora, 0.0005 full).",
      defaultValue = "0")
  private double rate;

  @Option(names = "--truncate", description = "Cut texts that are longer than the context.")
  private boolean truncate;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder to leave the tuned model in (default: runs/NAME).")
  private Optional<Path> out = Optional.empty();

  @Override
  public Integer call() throws Exception {
    if (context.wanted()) {
      Path folder = out.orElseGet(() -> freeFolder(context.purpose()));
      return context.extend(model, folder, rate, seed.value(), threads.count(), console);
    }
    if (context.corpus().isPresent()) {
      if (task.isPresent() || data.isPresent()) {
        throw new ParameterException(
            spec.commandLine(),
            "--corpus is text to go on learning from; labelled texts for --task are --data");
      }
      return corpus(context.corpus().get());
    }
    return switch (task.orElse(Task.CLASSIFICATION)) {
      case CLASSIFICATION -> classification();
    };
  }

  private int corpus(Path corpus) throws IOException {
    CorpusSettings settings =
        new CorpusSettings(
            model.toString(),
            corpus.toString(),
            method,
            rank,
            alpha.orElse(2.0 * rank),
            targets,
            context.corpusSteps(),
            batch,
            rate,
            seed.value(),
            threads.count());
    Path folder = out.orElseGet(() -> freeFolder(stem(corpus)));
    TuneScreen screen = new TuneScreen(console);
    CorpusTuning.Outcome outcome =
        CorpusTuning.run(folder, settings, Version.current().lungo(), screen);
    screen.summary(outcome);
    console.result(outcome);
    return 0;
  }

  private int classification() throws IOException {
    if (data.isEmpty() && heldOutData.isPresent()) {
      throw new ParameterException(
          spec.commandLine(), "--held-out-data goes with --data, which names the texts to learn");
    }
    ClassificationSettings settings =
        new ClassificationSettings(
            model.toString(),
            data.map(Path::toString).orElse(""),
            heldOutData.map(Path::toString).orElse(""),
            textField,
            labelField,
            heldOut,
            method,
            rank,
            alpha.orElse(2.0 * rank),
            targets,
            new Pooling(pooling),
            epochs,
            batch,
            rate,
            truncate,
            seed.value(),
            threads.count());
    Path folder = out.orElseGet(() -> freeFolder(data.map(TuneCommand::stem).orElse("modules")));
    TuneScreen screen = new TuneScreen(console);
    ClassificationRun.Outcome outcome =
        ClassificationRun.start(folder, settings, Version.current().lungo(), screen);
    screen.summary(outcome);
    console.result(outcome);
    return 0;
  }

  private static String stem(Path path) {
    return String.valueOf(path.getFileName()).replaceFirst("\\..*", "");
  }

  /// Returns the first of `runs/java-d3-modules`, `runs/java-d3-modules-2`, … that does not exist.
  private Path freeFolder(String purpose) {
    String name = model.toAbsolutePath().normalize().getFileName() + "-" + purpose;
    Path runs = Path.of("runs");
    Path folder = runs.resolve(name);
    for (int number = 2; Files.exists(folder); number++) {
      folder = runs.resolve(name + "-" + number);
    }
    return folder;
  }
}
