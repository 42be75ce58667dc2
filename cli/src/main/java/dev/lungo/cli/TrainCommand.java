package dev.lungo.cli;

import dev.lungo.model.PositionScheme;
import dev.lungo.optim.Schedule.Decay;
import dev.lungo.train.AttentionChoice;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.TrainingLoop;
import dev.lungo.train.TrainingRun;
import dev.lungo.train.TrainingSettings;
import dev.lungo.train.TrainingSettings.OptimizerChoice;
import dev.lungo.train.TranslationRun;
import dev.lungo.train.TranslationSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Trains a language model from text.
@Command(
    name = "train",
    description = {
      "Train a language model from text.",
      "Without options it learns Java from the source code of the JDK that runs it.",
      "With --task translation it learns to translate: English to French as CLDR knows it, or pairs."
    },
    sortOptions = false)
final class TrainCommand implements Callable<Integer> {
  private static final double DEFAULT_MINUTES = 3;
  private static final double DEFAULT_TRANSLATION_MINUTES = 9;
  private static final int DEFAULT_WIDTH = 128;
  private static final int DEFAULT_HEADS = 4;

  @Spec private CommandSpec spec;
  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();
  @Mixin private final SeedOption seed = new SeedOption();

  @Mixin private final TranslationOptions translation = new TranslationOptions();

  /// What a model can be trained for.
  enum Task {
    LANGUAGE_MODEL,
    TRANSLATION
  }

  @Option(
      names = "--task",
      paramLabel = "NAME",
      description = "language_model or translation (default: ${DEFAULT-VALUE}).",
      defaultValue = "language_model")
  private Task task;

  @Option(
      names = "--corpus",
      paramLabel = "PATH",
      description = {
        "Text to learn from: a text file, a folder, .zip, .jsonl, .parquet, .gz or .zst of these.",
        "With --task translation: a text and its translation a line, with a tab between."
      })
  private Optional<Path> corpus = Optional.empty();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder to leave the run in (default: runs/NAME).")
  private Optional<Path> out = Optional.empty();

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description =
          "Go on with a stopped run, to the same end bit by bit; other options do not apply.")
  private Optional<Path> resume = Optional.empty();

  @Option(
      names = "--depth",
      paramLabel = "N",
      description =
          "The dial: layers, from which width and heads follow (default: ${DEFAULT-VALUE}).",
      defaultValue = "3")
  private int depth;

  @Option(
      names = "--minutes",
      paramLabel = "M",
      description = "Train for so long (default: 3; translation: 9).")
  private Optional<Double> minutes = Optional.empty();

  @Option(names = "--steps", paramLabel = "N", description = "Train for so many steps instead.")
  private Optional<Long> steps = Optional.empty();

  @Option(names = "--tokens", paramLabel = "N", description = "Train on so many tokens instead.")
  private Optional<Long> tokens = Optional.empty();

  @Option(
      names = "--stop-after",
      paramLabel = "N",
      description = "Stop early after step N, to be resumed.")
  private Optional<Long> stopAfter = Optional.empty();

  @Option(
      names = "--architecture",
      paramLabel = "NAME",
      description = "llama, gpt2, rnn, rnn_relu, lstm or gru (default: ${DEFAULT-VALUE}).",
      defaultValue = "llama")
  private Architecture architecture;

  @Option(
      names = "--tokenizer",
      paramLabel = "FILE",
      description =
          "bpe trains one (bpe-code, bpe-words, bpe-gpt2: cutting text in other ways), characters"
              + " takes one token a character, or a tokenizer file (default: ${DEFAULT-VALUE}).",
      defaultValue = "bpe")
  private String tokenizer;

  @Option(
      names = "--vocabulary",
      paramLabel = "N",
      description =
          "Tokens of a trained tokenizer (default: 4096; translation: 2048, or 8192 with --corpus).")
  private Optional<Integer> vocabulary = Optional.empty();

  @Option(
      names = "--context",
      paramLabel = "N",
      description = "Positions of a sequence (default: ${DEFAULT-VALUE}).",
      defaultValue = "256")
  private int context;

  @Option(
      names = "--width",
      paramLabel = "N",
      description = "Width (default: 64 a layer).",
      defaultValue = "0")
  private int width;

  @Option(
      names = "--heads",
      paramLabel = "N",
      description = "Attention heads (default: width / 64).",
      defaultValue = "0")
  private int heads;

  @Option(
      names = "--kv-heads",
      paramLabel = "N",
      description = "Key/value heads (default: half the heads).",
      defaultValue = "0")
  private int kvHeads;

  @Option(
      names = "--dropout",
      paramLabel = "P",
      description = {
        "Share of numbers dropped between recurrent layers (default: 0).",
        "With --task translation: after every sublayer (default: 0, or 0.1 with --corpus)."
      })
  private Optional<Double> dropout = Optional.empty();

  @Option(
      names = "--truncate",
      paramLabel = "N",
      description =
          "Recurrent models: let the state go on through the whole context, but gradients back at"
              + " most N tokens (default: all of it).",
      defaultValue = "0")
  private int truncation;

  @Option(
      names = "--positions",
      paramLabel = "NAME",
      description =
          "How tokens know where they stand: rope, alibi, sinusoidal, learned or none"
              + " (default: rope; learned with gpt2).")
  private Optional<PositionScheme> positions = Optional.empty();

  @Option(
      names = "--attention-pattern",
      paramLabel = "PATTERN",
      description =
          "What each token sees: causal, window:N, strided:N, fixed:N, global:N,window:N,"
              + " sinks:N,window:N or blocks:N,ROW/ROW/… (default: ${DEFAULT-VALUE}).",
      defaultValue = "causal")
  private String attentionPattern;

  @Option(
      names = "--attention",
      paramLabel = "NAME",
      description =
          "How attention is computed, with the same result: plain, flash1 or flash2"
              + " (default: ${DEFAULT-VALUE}).",
      defaultValue = "flash2")
  private String attention;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Sequences in a micro-batch (default: ${DEFAULT-VALUE}).",
      defaultValue = "8")
  private int batch;

  @Option(
      names = "--micro-batches",
      paramLabel = "N",
      description = "Micro-batches in a step: gradient accumulation (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private int microBatches;

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      description = "muon or adamw (default: ${DEFAULT-VALUE}).",
      defaultValue = "muon")
  private OptimizerChoice optimizer;

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "Learning rate (default: 0.02 with muon, 0.001 with adamw).")
  private Optional<Double> rate = Optional.empty();

  @Option(
      names = "--weight-decay",
      paramLabel = "D",
      description = "Weight decay of the matrices (default: ${DEFAULT-VALUE}).",
      defaultValue = "0.01")
  private double weightDecay;

  @Option(
      names = "--warmup",
      paramLabel = "N",
      description = "Steps in which the rate rises (default: ${DEFAULT-VALUE}).",
      defaultValue = "20")
  private long warmup;

  @Option(
      names = "--decay-share",
      paramLabel = "S",
      description = "Share of the run in which the rate falls to 0 (default: ${DEFAULT-VALUE}).",
      defaultValue = "0.5")
  private double decayShare;

  @Option(
      names = "--decay",
      paramLabel = "SHAPE",
      description = "How the rate falls: linear or cosine (default: ${DEFAULT-VALUE}).",
      defaultValue = "linear")
  private Decay decay;

  @Option(
      names = "--clip",
      paramLabel = "N",
      description = "The most that the gradients' norm may be (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private double clip;

  @Option(
      names = "--evaluate-every",
      paramLabel = "N",
      description = "Steps between evaluations (default: about ten in a run).",
      defaultValue = "0")
  private long evaluateEvery;

  @Option(
      names = "--evaluation-tokens",
      paramLabel = "N",
      description = "Held-out tokens of an evaluation (default: ${DEFAULT-VALUE}).",
      defaultValue = "40960")
  private long evaluationTokens;

  @Option(
      names = "--sample-prompt",
      paramLabel = "TEXT",
      description = "What samples begin with (default: public static for Java, else a new line).")
  private Optional<String> samplePrompt = Optional.empty();

  @Override
  public Integer call() throws Exception {
    RunScreen screen = new RunScreen(console);
    OptionalLong stop = stopAfter.map(OptionalLong::of).orElse(OptionalLong.empty());
    String version = Version.current().lungo();
    if (resume.isPresent() ? TranslationRun.isOne(resume.get()) : task == Task.TRANSLATION) {
      return translation(screen, stop, version);
    }
    TrainingRun.Outcome outcome;
    if (resume.isPresent()) {
      outcome = TrainingRun.resume(resume.get(), stop, version, screen);
    } else {
      Path folder = out.orElseGet(this::freeFolder);
      outcome = TrainingRun.start(folder, settings(), stop, version, screen);
    }
    screen.summary(outcome);
    console.result(outcome);
    return outcome.end() == TrainingLoop.End.DIVERGED ? 1 : 0;
  }

  private int translation(RunScreen screen, OptionalLong stop, String version) throws Exception {
    TranslationRun.Outcome outcome =
        resume.isPresent()
            ? TranslationRun.resume(resume.get(), stop, version, screen)
            : TranslationRun.start(
                out.orElseGet(this::freeFolder), translationSettings(), stop, version, screen);
    screen.summary(outcome);
    console.result(outcome);
    return outcome.end() == TrainingLoop.End.DIVERGED ? 1 : 0;
  }

  private TranslationSettings translationSettings() {
    checkLength();
    if (tokens.isPresent()) {
      throw new ParameterException(
          spec.commandLine(), "--task translation is bounded by --minutes or --steps");
    }
    if (truncation > 0) {
      throw new ParameterException(
          spec.commandLine(),
          "--task translation trains Transformers, which do not go back through time; leave"
              + " --truncate out");
    }
    boolean paper = translation.schedule == TranslationSettings.RateSchedule.INVERSE_ROOT;
    double regular = corpus.isPresent() ? 0.1 : 0;
    return new TranslationSettings(
        corpus.map(Path::toString).orElse(""),
        translation.strict,
        vocabulary.orElse(corpus.isEmpty() ? 2048 : 8192),
        depth,
        width == 0 ? DEFAULT_WIDTH : width,
        heads == 0 ? DEFAULT_HEADS : heads,
        translation.norm,
        translation.activation,
        translation.shared,
        translation.longest,
        translation.batchTokens,
        minutes.orElse(DEFAULT_TRANSLATION_MINUTES),
        atLeastOne("--steps", steps),
        optimizer,
        rate.orElse(paper ? 1 : optimizer == OptimizerChoice.MUON ? 0.02 : 0.002),
        weightDecay,
        translation.schedule,
        warmup,
        decayShare,
        decay,
        clip,
        dropout.orElse(regular),
        translation.smoothing.orElse(regular),
        seed.value(),
        threads.count(),
        evaluateEvery,
        translation.evaluationPairs);
  }

  private TrainingSettings settings() {
    checkLength();
    return new TrainingSettings(
        corpus.map(Path::toString).orElse(""),
        tokenizer,
        vocabulary.orElse(4096),
        architecture,
        depth,
        width,
        heads,
        kvHeads,
        positions.orElse(architecture.usualPositions()),
        AttentionChoice.of(attention, attentionPattern),
        context,
        dropout.orElse(0.0),
        truncation,
        batch,
        microBatches,
        minutes.orElse(DEFAULT_MINUTES),
        atLeastOne("--steps", steps),
        atLeastOne("--tokens", tokens),
        optimizer,
        rate.orElse(optimizer == OptimizerChoice.MUON ? 0.02 : 0.001),
        weightDecay,
        warmup,
        decayShare,
        decay,
        clip,
        seed.value(),
        threads.count(),
        evaluateEvery,
        evaluationTokens,
        samplePrompt.orElse(corpus.isEmpty() ? "public static" : "\n"));
  }

  private void checkLength() {
    if (minutes.isPresent() && steps.isPresent()
        || steps.isPresent() && tokens.isPresent()
        || minutes.isPresent() && tokens.isPresent()) {
      throw new ParameterException(
          spec.commandLine(), "give only one of --minutes, --steps and --tokens");
    }
  }

  private long atLeastOne(String name, Optional<Long> value) {
    if (value.isPresent() && value.get() < 1) {
      throw new ParameterException(
          spec.commandLine(), name + " must be at least 1, but is " + value.get());
    }
    return value.orElse(0L);
  }

  /// Returns the first of `runs/java-d3`, `runs/java-d3-2`, … that does not exist.
  private Path freeFolder() {
    String text =
        corpus
            .map(path -> String.valueOf(path.getFileName()).replaceFirst("\\..*", ""))
            .orElse(task == Task.TRANSLATION ? "en-fr" : "java");
    String name = text + "-d" + depth;
    Path runs = Path.of("runs");
    Path folder = runs.resolve(name);
    for (int number = 2; Files.exists(folder); number++) {
      folder = runs.resolve(name + "-" + number);
    }
    return folder;
  }
}
