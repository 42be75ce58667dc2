package dev.lungo.cli;

import dev.lungo.tune.ClassificationScores;
import dev.lungo.tune.Classifier;
import dev.lungo.tune.LabeledTexts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/// Lets a classifier answer, or measures it.
@Command(
    name = "classify",
    description = "Let a classifier, which `tune` made, label texts; or measure it.",
    sortOptions = false)
final class ClassifyCommand implements Callable<Integer> {
  private static final int SHOWN = 5;

  @Spec private CommandSpec spec;
  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();

  @Parameters(index = "0", paramLabel = "MODEL", description = "Folder of a classifier.")
  private Path model;

  @Parameters(index = "1", arity = "0..1", paramLabel = "TEXT", description = "Text to label.")
  private Optional<String> text = Optional.empty();

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "Measure the classifier on labelled texts, .csv, .tsv or .jsonl.")
  private Optional<Path> data = Optional.empty();

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
      names = "--json-lines",
      description = "Read one text a line, a JSON string; print one JSON answer a line.")
  private boolean jsonLines;

  @Option(names = "--truncate", description = "Cut texts that are longer than the context.")
  private boolean truncate;

  /// The `--json` result after `--json-lines`.
  record LinesResult(long lines) {}

  /// The `--json` result with `--data`.
  record ScoresResult(int emptyTexts, ClassificationScores scores) {}

  @Override
  public Integer call() throws IOException {
    int tasks = (text.isPresent() ? 1 : 0) + (data.isPresent() ? 1 : 0) + (jsonLines ? 1 : 0);
    if (tasks != 1) {
      throw new ParameterException(
          spec.commandLine(), "give one of: a text, --data FILE, --json-lines");
    }
    try (Classifier classifier = Classifier.open(model, threads.count())) {
      if (data.isPresent()) {
        measure(classifier, data.get());
      } else if (jsonLines) {
        long lines =
            JsonLines.each(
                "standard input",
                System.in,
                value -> console.printJson(classifier.answer(textOf(value), truncate)));
        console.result(new LinesResult(lines));
      } else {
        Classifier.Answer answer = classifier.answer(text.orElseThrow(), truncate);
        show(answer);
        console.result(answer);
      }
    }
    return 0;
  }

  private static String textOf(JsonNode value) {
    if (!value.isString()) {
      throw new IllegalArgumentException("expected a JSON string, found " + value);
    }
    return value.stringValue();
  }

  private void show(Classifier.Answer answer) {
    answer.probabilities().entrySet().stream()
        .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
        .limit(SHOWN)
        .forEach(one ->
            console.print(
                String.format(
                    Locale.ROOT,
                    "%.4f  %-20s %s",
                    one.getValue(),
                    "█".repeat((int) Math.round(20 * one.getValue())),
                    one.getKey())));
  }

  private void measure(Classifier classifier, Path file) throws IOException {
    LabeledTexts texts = LabeledTexts.read(file, textField, labelField);
    if (!texts.empty().isEmpty()) {
      console.log(
          texts.empty().size()
              + " texts are empty and left out, the first in "
              + texts.empty().getFirst());
    }
    ClassificationScores scores = classifier.evaluate(texts, truncate, done -> {});
    TuneScreen.scores(console, scores);
    console.print("");
    console.print(
        String.format(
            Locale.ROOT,
            "%d texts: accuracy %.4f, macro F1 %.4f, loss %.4f nats, expected calibration error %.4f",
            scores.texts(),
            scores.accuracy(),
            scores.macroF1(),
            scores.loss(),
            scores.expectedCalibrationError()));
    console.result(new ScoresResult(texts.empty().size(), scores));
  }
}
