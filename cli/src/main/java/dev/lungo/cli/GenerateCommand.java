package dev.lungo.cli;

import dev.lungo.generate.BeamResult;
import dev.lungo.generate.Generation;
import dev.lungo.generate.TextEmbedding.Pooling;
import dev.lungo.generate.TextGeneration;
import dev.lungo.generate.TextGeneration.Result;
import dev.lungo.generate.TextScore;
import dev.lungo.generate.TokenLogProbs;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Lets a model continue a text; or score or embed it.
@Command(name = "generate", description = "Let a model continue a text.", sortOptions = false)
final class GenerateCommand implements Callable<Integer> {
  private static final long LONGEST_PROMPT = 1 << 28;

  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();
  @Mixin private final RunningOptions running = new RunningOptions();

  @Parameters(
      paramLabel = "MODEL",
      description =
          "Folder of a run or of any model in its layout, a GGUF file, a llama2.c .bin, or hf:OWNER/NAME as pulled.",
      converter = ModelPath.class)
  private Path model;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "Text to continue (default: none, the model begins one).",
      defaultValue = "")
  private String prompt;

  @Option(
      names = "--prompt-file",
      paramLabel = "FILE",
      description = "Continue the text of a file, which is not printed again.")
  private Optional<Path> promptFile = Optional.empty();

  @Option(
      names = "--json-lines",
      description = "Read one prompt a line, a JSON string; print one JSON result a line.")
  private boolean jsonLines;

  @Option(
      names = "--samples",
      paramLabel = "N",
      description = "Write N texts together, with the seeds from --seed on.")
  private Optional<Integer> samples = Optional.empty();

  @Option(
      names = "--beams",
      paramLabel = "N",
      description = "Find the N most probable continuations by beam search.")
  private Optional<Integer> beams = Optional.empty();

  @Option(
      names = "--length-penalty",
      paramLabel = "A",
      description = "Of beams: above 0 favours long ones (default: ${DEFAULT-VALUE}).",
      defaultValue = "0")
  private double lengthPenalty;

  @Option(names = "--score", description = "Print how probable the prompt is, add nothing.")
  private boolean score;

  @Option(
      names = "--embed",
      paramLabel = "mean|last",
      description =
          "Print one vector for the prompt, its hidden states' mean or last; add nothing.")
  private Optional<Pooling> embed = Optional.empty();

  @Option(names = "--normalize", description = "Give vectors of --embed length 1.")
  private boolean normalize;

  /// The `--json` result with `--samples`.
  record SamplesResult(List<Result> samples) {}

  /// The `--json` result with `--beams`.
  record BeamsResult(List<BeamResult> beams) {}

  /// The `--json` result with `--embed`.
  record EmbeddingResult(int dimensions, float[] embedding) {}

  /// The `--json` result after `--json-lines`.
  record LinesResult(long lines) {}

  @Override
  public Integer call() throws Exception {
    checkTask();
    running.check();
    if (promptFile.isPresent()) {
      prompt = read(promptFile.get());
    }
    try (TextGeneration opened = TextGeneration.open(model, threads.count())) {
      Optional<TextGeneration> draft = running.openDraft();
      try {
        if (jsonLines) {
          console.result(new LinesResult(answerLines(opened, draft)));
        } else {
          answerPrompt(opened, draft);
        }
      } finally {
        draft.ifPresent(TextGeneration::close);
      }
    }
    return 0;
  }

  private void checkTask() {
    int tasks =
        (samples.isPresent() ? 1 : 0)
            + (beams.isPresent() ? 1 : 0)
            + (score ? 1 : 0)
            + (embed.isPresent() ? 1 : 0);
    if (tasks > 1) {
      throw new IllegalArgumentException(
          "--samples, --beams, --score and --embed are different tasks: give one of them");
    }
  }

  private String read(Path file) throws IOException {
    if (!prompt.isEmpty() || jsonLines) {
      throw new IllegalArgumentException(
          "--prompt, --prompt-file and --json-lines are different ways to ask: give one of them");
    }
    if (Files.size(file) > LONGEST_PROMPT) {
      throw new IllegalArgumentException(
          file + " has more than the " + LONGEST_PROMPT + " bytes that a prompt may have");
    }
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(file + " is no text in UTF-8; convert it first", e);
    }
  }

  private long answerLines(TextGeneration opened, Optional<TextGeneration> draft)
      throws IOException {
    return JsonLines.each(
        "standard input",
        System.in,
        value -> console.printJson(answer(opened, draft, textOf(value))));
  }

  private static String textOf(JsonNode value) {
    if (!value.isString()) {
      throw new IllegalArgumentException("expected a JSON string, found " + value);
    }
    return value.stringValue();
  }

  /// Returns the record that is printed as JSON.
  private Object answer(TextGeneration opened, Optional<TextGeneration> draft, String text) {
    if (score) {
      return opened.score(text, running.alternatives());
    }
    if (embed.isPresent()) {
      float[] vector = opened.embed(text, embed.get(), normalize);
      return new EmbeddingResult(vector.length, vector);
    }
    Generation generation = running.describe(opened, draft, text, console::log);
    if (beams.isPresent()) {
      return new BeamsResult(generation.beams(beams.get(), lengthPenalty));
    }
    if (samples.isPresent()) {
      return new SamplesResult(generation.samples(samples.get()));
    }
    return generation.run(piece -> {});
  }

  private void answerPrompt(TextGeneration opened, Optional<TextGeneration> draft) {
    boolean streams =
        !score && embed.isEmpty() && beams.isEmpty() && samples.isEmpty() && !console.json();
    if (streams) {
      // The prompt waits for the first piece, so that no message comes between them.
      StringBuilder waiting = new StringBuilder(shownPrompt());
      Result result;
      try (PromptScreen screen = new PromptScreen()) {
        result =
            running
                .describe(opened, draft, prompt, console::log)
                .promptListener(screen)
                .run(piece -> {
                  screen.end();
                  console.printPart(waiting + piece);
                  waiting.setLength(0);
                });
      }
      console.print(waiting.toString());
      result.logProbs().ifPresent(this::print);
      console.log(
          String.format(
              Locale.ROOT,
              "%s; %,d bytes of cache a token",
              result.summary(),
              opened.cacheBytesPerToken(running.cacheType())));
      return;
    }
    Object answer = answer(opened, draft, prompt);
    switch (answer) {
      case SamplesResult result -> result.samples.forEach(this::print);
      case BeamsResult result -> result.beams.forEach(this::print);
      case TextScore result -> print(result);
      case EmbeddingResult result -> print(result);
      default -> {}
    }
    console.result(answer);
  }

  private String shownPrompt() {
    return promptFile.isPresent() ? "" : prompt;
  }

  private void print(Result sample) {
    console.print("── " + sample.summary());
    console.print(shownPrompt() + sample.text());
    sample.logProbs().ifPresent(this::print);
  }

  private void print(BeamResult beam) {
    console.print(
        String.format(
            Locale.ROOT,
            "── log p %.4f, score %.4f, %d tokens",
            beam.logProb(),
            beam.score(),
            beam.tokens()));
    console.print(shownPrompt() + beam.text());
  }

  private void print(TextScore result) {
    print(result.logProbs());
    console.print(
        String.format(
            Locale.ROOT,
            "log p %.4f of %d tokens, perplexity %.4f, %.4f bits per byte",
            result.logProb(),
            result.tokens(),
            result.perplexity(),
            result.bitsPerByte()));
  }

  private void print(EmbeddingResult result) {
    StringBuilder line = new StringBuilder();
    for (float value : result.embedding) {
      line.append(line.isEmpty() ? "" : " ").append(value);
    }
    console.print(line.toString());
  }

  private void print(List<TokenLogProbs> tokens) {
    for (TokenLogProbs token : tokens) {
      StringBuilder line = new StringBuilder();
      line.append(
          String.format(Locale.ROOT, "%9.4f  %-12s", token.logProb(), quoted(token.token())));
      for (TokenLogProbs.Alternative other : token.top()) {
        line.append(
            String.format(Locale.ROOT, "  %s %.2f", quoted(other.token()), other.logProb()));
      }
      console.print(line.toString().stripTrailing());
    }
  }

  private static String quoted(String token) {
    return "'" + token.replace("\n", "\\n").replace("\t", "\\t") + "'";
  }
}
