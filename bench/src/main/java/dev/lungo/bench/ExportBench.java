package dev.lungo.bench;

import dev.lungo.bench.LlamaCpp.CacheType;
import dev.lungo.corpus.Corpus;
import dev.lungo.corpus.Document;
import dev.lungo.corpus.DocumentStream;
import dev.lungo.corpus.Split;
import dev.lungo.export.ModelExport;
import dev.lungo.generate.Generator;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.optim.Schedule.Decay;
import dev.lungo.tensor.Tensor;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.RunListener;
import dev.lungo.train.TrainingLoop;
import dev.lungo.train.TrainingRun;
import dev.lungo.train.TrainingSettings;
import dev.lungo.train.TrainingSettings.OptimizerChoice;
import dev.lungo.weights.ModelFiles;
import dev.lungo.weights.WeightType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Whether exported models are the same models in llama.cpp: the same tokens of awkward texts, and
/// the same 100 greedy tokens after several prompts.
///
/// No times: a row counts how many came out equal. One that differs fails the benchmark.
@Command(
    name = "export",
    description = "Exported models in llama.cpp: tokens and greedy texts, which must be equal.")
final class ExportBench implements Callable<Integer> {
  private static final int GREEDY_TOKENS = 100;
  private static final int CONTEXT = 256;
  private static final int HELD_OUT_TEXTS = 40;

  /// What GGUF files can express; recurrent models are not among it.
  private static final List<Architecture> EXPORTED = List.of(Architecture.LLAMA, Architecture.GPT2);
  private static final int HELD_OUT_CHARACTERS = 4_000;
  private static final String INPUTS = "tokenizers/gpt2";
  private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

  private static final List<String> PROMPTS =
      List.of(
          "public static",
          "/**\n * Returns the",
          "    for (int i = 0; i < ",
          "import java.util.",
          "if (x == null) {\n        throw new ",
          "The quick brown fox");

  /// Texts that cutting gets wrong most easily.
  private static final List<String> AWKWARD =
      List.of(
          "",
          " ",
          "\n\n\n    \n",
          "int x=12345678;// 0x1F_FFL",
          "don't I'LL we'Ve",
          "\t\tif(a&&b||!c){\r\n}",
          "naïve café — “quoted” …",
          "日本語のテキスト 한국어",
          "\ud83d\ude09\ud83d\udc68\u200d\ud83d\udc69",
          "e\u0301 ١٢٣ ３３３ Ⅻ ½",
          "a\u00a0b\u2003c\u3000d",
          "@Override\n    public <T> List<T> x() { return List.of(); }\n");

  @Mixin private BenchOptions options = new BenchOptions();

  @Option(
      names = "--run",
      paramLabel = "DIR",
      description = "Compare this run instead of small ones trained for it.")
  private Optional<Path> run = Optional.empty();

  @Option(names = "--steps", paramLabel = "N", description = "Training steps (default: 60).")
  private long steps = 60;

  @Override
  public Integer call() throws Exception {
    if (!options.peers()) {
      throw new IllegalArgumentException("there is nothing to compare with: give --peers");
    }
    Path folder = Files.createTempDirectory("lungo-export");
    try (Kernels kernels = KernelChoice.open(Runtime.getRuntime().availableProcessors());
        LlamaCpp peer = LlamaCpp.start(options::log)) {
      Report report =
          new Report("export", Machine.here(kernels.description()), options, System.out);
      List<String> texts = texts();
      boolean equal = true;
      if (run.isPresent()) {
        equal = compare(run.get(), folder, kernels, peer, texts, report);
      } else {
        for (Architecture architecture : EXPORTED) {
          for (String tokenizer : List.of("bpe", "bpe-words", "bpe-gpt2")) {
            Path trained = train(folder, architecture, tokenizer);
            equal &= compare(trained, folder, kernels, peer, texts, report);
          }
        }
      }
      report.finish();
      return equal ? 0 : 1;
    } finally {
      TemporaryFiles.delete(folder);
    }
  }

  private Path train(Path folder, Architecture architecture, String tokenizer) throws IOException {
    String name = architecture.name().toLowerCase(Locale.ROOT) + "-" + tokenizer;
    options.log("training " + name + " for " + steps + " steps");
    TrainingSettings settings =
        new TrainingSettings(
            "",
            tokenizer,
            2048,
            architecture,
            2,
            128,
            4,
            architecture == Architecture.LLAMA ? 2 : 4,
            CONTEXT,
            4,
            1,
            1,
            steps,
            0,
            OptimizerChoice.MUON,
            0.02,
            0.01,
            5,
            0.5,
            Decay.LINEAR,
            1,
            1,
            Runtime.getRuntime().availableProcessors(),
            steps,
            CONTEXT,
            "public static");
    Path run = folder.resolve(name);
    TrainingRun.start(run, settings, OptionalLong.empty(), "bench", new Quiet());
    return run;
  }

  /// Training that shows nothing.
  private static final class Quiet implements RunListener {
    @Override
    public void phase(String name, String text) {}

    @Override
    public void stepped(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {}

    @Override
    public void evaluated(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {}

    @Override
    public void sampled(long step, String prompt, String continuation) {}

    @Override
    public void warned(String text) {}
  }

  private boolean compare(
      Path trained, Path folder, Kernels kernels, LlamaCpp peer, List<String> texts, Report report)
      throws IOException {
    Path gguf = folder.resolve(trained.getFileName() + ".gguf");
    ModelExport.Result exported =
        ModelExport.run(
            new ModelExport.Settings(
                trained, ModelExport.Format.GGUF, WeightType.F32, gguf, true, 1),
            (tensor, number, count) -> {});
    exported.warnings().forEach(warning -> options.log("warning: " + warning));
    peer.load(gguf, 1, CONTEXT, CacheType.F32);
    Tokenizer tokenizer = TokenizerFiles.load(trained.resolve("tokenizer.json"));
    int equalTexts = 0;
    for (String text : texts) {
      equalTexts += sameTokens(tokenizer, peer, text) ? 1 : 0;
    }
    report.add(row(trained + ": equal tokens of texts", "texts", equalTexts, texts.size()));
    int equalAnswers = 0;
    try (LanguageModel model = ModelFiles.load(trained)) {
      for (String prompt : PROMPTS) {
        equalAnswers += sameAnswer(kernels, model, tokenizer, peer, prompt) ? 1 : 0;
      }
    }
    report.add(row(trained + ": equal greedy tokens", "prompts", equalAnswers, PROMPTS.size()));
    return equalTexts == texts.size() && equalAnswers == PROMPTS.size();
  }

  private static Row row(String name, String unit, int equal, int all) {
    String shown = name.substring(name.lastIndexOf('/') + 1);
    return Row.ofRates(shown, 1, unit, equal, LlamaCpp.NAME, all);
  }

  private boolean sameTokens(Tokenizer tokenizer, LlamaCpp peer, String text) throws IOException {
    int[] ours = tokenizer.encode(text);
    int[] theirs = peer.tokens(text);
    int at = Arrays.mismatch(ours, theirs);
    if (at >= 0) {
      options.log(
          "tokens differ from number "
              + at
              + " on: "
              + around(ours, at)
              + " here, "
              + around(theirs, at)
              + " there, in the text \""
              + text.substring(0, Math.min(60, text.length())).replace("\n", "\\n")
              + "\"");
    }
    return at < 0;
  }

  private static String around(int[] ids, int at) {
    return Arrays.toString(
        Arrays.copyOfRange(ids, Math.min(at, ids.length), Math.min(at + 4, ids.length)));
  }

  private boolean sameAnswer(
      Kernels kernels, LanguageModel model, Tokenizer tokenizer, LlamaCpp peer, String prompt)
      throws IOException {
    int[] ids = tokenizer.encode(prompt);
    int[] theirs = peer.greedy(ids, GREEDY_TOKENS);
    int[] ours = greedy(kernels, model, ids);
    int at = Arrays.mismatch(ours, theirs);
    if (at >= 0) {
      options.log(
          "answers to \""
              + prompt.replace("\n", "\\n")
              + "\" differ from token "
              + at
              + " on: "
              + around(ours, at)
              + " here, "
              + around(theirs, at)
              + " there");
    }
    return at < 0;
  }

  private static int[] greedy(Kernels kernels, LanguageModel model, int[] prompt) {
    int[] answer = new int[GREEDY_TOKENS];
    try (Generator generator = new Generator(kernels, model, prompt.length + GREEDY_TOKENS)) {
      Tensor logits = generator.feed(prompt);
      for (int i = 0; i < answer.length; i++) {
        int best = 0;
        for (int id = 1; id < logits.elements(); id++) {
          best = logits.at(id) > logits.at(best) ? id : best;
        }
        answer[i] = best;
        logits = generator.feed(best);
      }
    }
    return answer;
  }

  /// Awkward texts, llama.cpp's own inputs where they are, and the beginnings of held-out files.
  private static List<String> texts() throws IOException {
    List<String> texts = new ArrayList<>(AWKWARD);
    Optional<Path> inputs = TestData.find(INPUTS);
    if (inputs.isPresent()) {
      try (var files = Files.list(inputs.get())) {
        for (Path file : files.filter(one -> one.toString().endsWith(".inp")).toList()) {
          texts.addAll(Arrays.asList(Files.readString(file).split(SEPARATOR, -1)));
        }
      }
    }
    Corpus corpus = Corpus.ofJdkSources();
    try (DocumentStream documents = corpus.documents(corpus.split(0.02), Split.Part.HELD_OUT)) {
      Optional<Document> next = documents.next();
      for (int i = 0; i < HELD_OUT_TEXTS && next.isPresent(); i++) {
        String text = new String(next.get().utf8(), StandardCharsets.UTF_8);
        texts.add(text.substring(0, Math.min(HELD_OUT_CHARACTERS, text.length())));
        next = documents.next();
      }
    }
    return texts;
  }
}
