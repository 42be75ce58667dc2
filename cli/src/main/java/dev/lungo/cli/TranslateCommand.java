package dev.lungo.cli;

import dev.lungo.file.AtomicFiles;
import dev.lungo.generate.Alignment;
import dev.lungo.generate.AlignmentDrawing;
import dev.lungo.generate.Translation;
import dev.lungo.generate.Translator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Translates texts with a model that `./lungo train --task translation` made.
@Command(
    name = "translate",
    description = {
      "Translate a text, or standard input line by line.",
      "./lungo train --task translation makes a model that can."
    },
    sortOptions = false)
final class TranslateCommand implements Callable<Integer> {
  /// Lines that are translated at once, if so many wait.
  private static final int LINES = 64;

  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();

  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description = "Folder of a run, or of another encoder–decoder in its layout.")
  private Path model;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "TEXT",
      description = "Text to translate (default: each line of standard input).")
  private Optional<String> text = Optional.empty();

  @Option(
      names = "--beam",
      paramLabel = "N",
      description = "Search with N beams instead of taking the most probable token each time.")
  private Optional<Integer> beam = Optional.empty();

  @Option(
      names = "--length-penalty",
      paramLabel = "A",
      description = "Of --beam: above 0 favours long translations (default: ${DEFAULT-VALUE}).",
      defaultValue = "0.6")
  private double lengthPenalty;

  @Option(
      names = "--alignment",
      description = "Draw which words of the text each word of its translation looked at.")
  private boolean alignment;

  @Option(names = "--svg", paramLabel = "FILE", description = "Draw the same into an SVG file.")
  private Optional<Path> svg = Optional.empty();

  @Option(
      names = "--json-lines",
      description = "Read one text a line, a JSON string; print one JSON result a line.")
  private boolean jsonLines;

  /// The `--json` result of one text.
  ///
  /// @param others found by the other beams, best first
  record Result(
      String text,
      int tokens,
      double logProb,
      double score,
      boolean ended,
      List<Translation> others,
      Optional<Alignment> alignment) {}

  /// The `--json` result after lines.
  ///
  /// @param untranslated lines that were too long
  record LinesResult(long lines, long untranslated) {}

  @Override
  public Integer call() throws Exception {
    if (text.isPresent() && jsonLines) {
      throw new IllegalArgumentException("--json-lines reads texts from standard input; give none");
    }
    if (svg.isPresent() && text.isEmpty()) {
      throw new IllegalArgumentException("--svg draws one text; give it");
    }
    try (Translator translator = Translator.open(model, threads.count())) {
      if (text.isPresent()) {
        Result result = result(translator, text.get());
        print(result);
        if (svg.isPresent() && result.alignment.isPresent()) {
          AtomicFiles.writeString(svg.get(), AlignmentDrawing.svg(result.alignment.get()));
          console.print("drawn into " + svg.get());
        }
        console.result(result);
        return 0;
      }
      LinesResult lines = jsonLines ? new LinesResult(jsonLines(translator), 0) : lines(translator);
      console.result(lines);
      return lines.untranslated > 0 ? 1 : 0;
    }
  }

  private Result result(Translator translator, String source) {
    List<Translation> found =
        beam.isPresent()
            ? translator.beams(source, beam.get(), lengthPenalty)
            : translator.greedy(List.of(source));
    Translation best = found.getFirst();
    boolean aligned = (alignment || svg.isPresent()) && !best.text().isEmpty();
    return new Result(
        best.text(),
        best.tokens(),
        best.logProb(),
        best.score(),
        best.ended(),
        found.subList(1, found.size()),
        aligned ? Optional.of(translator.align(source, best.text())) : Optional.empty());
  }

  private void print(Result result) {
    console.print(result.text);
    for (Translation other : result.others) {
      console.print(
          String.format(
              Locale.ROOT,
              "  also: %s (log p %.3f, the first %.3f)",
              other.text(),
              other.logProb(),
              result.logProb));
    }
    if (alignment && result.alignment.isPresent()) {
      boolean unicode = Charset.defaultCharset().equals(StandardCharsets.UTF_8);
      console.print("");
      console.print(AlignmentDrawing.text(result.alignment.get(), unicode));
    }
  }

  private long jsonLines(Translator translator) throws IOException {
    return JsonLines.each(
        "standard input", System.in, value -> console.printJson(result(translator, textOf(value))));
  }

  private static String textOf(JsonNode value) {
    if (!value.isString()) {
      throw new IllegalArgumentException("expected a JSON string, found " + value);
    }
    return value.stringValue();
  }

  /// Answers every line by a line, an empty one by an empty one. A line that cannot be translated
  /// is named and answered by an empty one as well, so that lines keep their numbers.
  private LinesResult lines(Translator translator) throws IOException {
    long number = 0;
    long untranslated = 0;
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      List<String> waiting = new ArrayList<>(List.of(line));
      while (waiting.size() < LINES && in.ready()) {
        String next = in.readLine();
        if (next == null) {
          break;
        }
        waiting.add(next);
      }
      untranslated += answer(translator, waiting, number);
      number += waiting.size();
    }
    return new LinesResult(number, untranslated);
  }

  private long answer(Translator translator, List<String> lines, long before) {
    List<String> answers = new ArrayList<>();
    List<String> together = new ArrayList<>();
    long untranslated = 0;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      answers.add("");
      if (line.isBlank()) {
        continue;
      }
      try {
        translator.check(line);
        if (beam.isPresent()) {
          answers.set(i, result(translator, line).text);
        } else {
          together.add(line);
          answers.set(i, line);
        }
      } catch (IllegalArgumentException tooLong) {
        console.log("line " + (before + i + 1) + ": " + tooLong.getMessage());
        untranslated++;
      }
    }
    if (!together.isEmpty()) {
      List<Translation> translations = translator.greedy(together);
      int next = 0;
      for (int i = 0; i < answers.size(); i++) {
        if (!answers.get(i).isEmpty()) {
          answers.set(i, translations.get(next++).text());
        }
      }
    }
    answers.forEach(console::print);
    return untranslated;
  }
}
