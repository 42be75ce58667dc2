package dev.lungo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.generate.Sampler;
import dev.lungo.generate.TextGeneration;
import dev.lungo.optim.Schedule.Decay;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.TrainingSettings.OptimizerChoice;
import dev.lungo.weights.Safetensors;
import dev.lungo.weights.StoredTensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TrainingRunTest {
  @TempDir private Path folder;
  private Path corpus;

  @BeforeEach
  void writeCorpus() throws IOException {
    corpus = folder.resolve("count.txt");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 3000; i++) {
      text.append("the number ")
          .append(i % 100)
          .append(" comes before ")
          .append((i + 1) % 100)
          .append(".\n");
    }
    Files.writeString(corpus, text);
  }

  private TrainingSettings settings(
      Architecture architecture, OptimizerChoice optimizer, long steps, int threads) {
    return new TrainingSettings(
        corpus.toString(),
        "bpe",
        300,
        architecture,
        2,
        32,
        attends(architecture) ? 4 : 0,
        attends(architecture) ? 2 : 0,
        32,
        4,
        2,
        1,
        steps,
        0,
        optimizer,
        optimizer == OptimizerChoice.MUON ? 0.02 : 0.003,
        0.01,
        3,
        0.5,
        Decay.LINEAR,
        1,
        7,
        threads,
        5,
        512,
        "the");
  }

  private static boolean attends(Architecture architecture) {
    return switch (architecture) {
      case LLAMA, GPT2 -> true;
      case RNN, RNN_RELU, LSTM, GRU -> false;
    };
  }

  private TrainingRun.Outcome start(String name, TrainingSettings settings, OptionalLong stopAfter)
      throws IOException {
    return TrainingRun.start(folder.resolve(name), settings, stopAfter, "test", new Quiet());
  }

  private static final class Quiet implements RunListener {
    private final List<String> warnings = new ArrayList<>();

    @Override
    public void phase(String name, String text) {}

    @Override
    public void stepped(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {}

    @Override
    public void evaluated(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {}

    @Override
    public void sampled(long step, String prompt, String continuation) {}

    @Override
    public void warned(String text) {
      warnings.add(text);
    }
  }

  private static Map<String, int[]> weights(Path run) throws IOException {
    Map<String, int[]> bits = new TreeMap<>();
    try (Safetensors saved = Safetensors.open(run)) {
      for (StoredTensor tensor : saved.tensors()) {
        bits.put(tensor.name(), tensor.data().toArray(ValueLayout.JAVA_INT_UNALIGNED));
      }
    }
    return bits;
  }

  private void assertSameWeights(String a, String b) throws IOException {
    Map<String, int[]> first = weights(folder.resolve(a));
    Map<String, int[]> second = weights(folder.resolve(b));
    assertThat(second.keySet()).isEqualTo(first.keySet()).isNotEmpty();
    first.forEach((name, bits) -> assertThat(second.get(name)).as(name).containsExactly(bits));
  }

  @ParameterizedTest
  @EnumSource(OptimizerChoice.class)
  void aStoppedAndResumedRunEqualsAnUninterruptedOne(OptimizerChoice optimizer) throws IOException {
    TrainingSettings settings = settings(Architecture.LLAMA, optimizer, 20, 1);
    start("whole", settings, OptionalLong.empty());
    TrainingRun.Outcome half = start("halves", settings, OptionalLong.of(10));
    assertThat(half.end()).isEqualTo(TrainingLoop.End.STOPPED);
    assertThat(half.steps()).isEqualTo(10);
    TrainingRun.Outcome rest =
        TrainingRun.resume(folder.resolve("halves"), OptionalLong.empty(), "test", new Quiet());
    assertThat(rest.end()).isEqualTo(TrainingLoop.End.FINISHED);
    assertThat(rest.steps()).isEqualTo(20);
    assertSameWeights("whole", "halves");
    List<MetricsLog.Event> events =
        MetricsLog.read(folder.resolve("halves").resolve(MetricsLog.FILE));
    assertThat(events.stream().filter(e -> e instanceof MetricsLog.Step)).hasSize(20);
  }

  @Test
  void aRecurrentRunWithDropoutResumesBitByBitAndIsContinued() throws IOException {
    TrainingSettings plain = settings(Architecture.LSTM, OptimizerChoice.ADAMW, 12, 1);
    TrainingSettings settings = forgetful(plain, 0.2, 5);
    start("whole", settings, OptionalLong.empty());
    start("halves", settings, OptionalLong.of(6));
    TrainingRun.resume(folder.resolve("halves"), OptionalLong.empty(), "test", new Quiet());
    assertSameWeights("whole", "halves");
    try (TextGeneration generation = TextGeneration.open(folder.resolve("halves"), 1)) {
      String first =
          generation.run("the", 9, Sampler.Settings.GREEDY, List.of(), piece -> {}).text();
      assertThat(generation.run("the", 9, Sampler.Settings.GREEDY, List.of(), piece -> {}).text())
          .isEqualTo(first)
          .isNotEmpty();
    }
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> forgetful(settings(Architecture.LLAMA, OptimizerChoice.ADAMW, 12, 1), 0.2, 0))
        .withMessageContaining("leave --dropout out");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> forgetful(settings(Architecture.LLAMA, OptimizerChoice.ADAMW, 12, 1), 0, 5))
        .withMessageContaining("leave --truncate out");
  }

  private static TrainingSettings forgetful(TrainingSettings s, double dropout, int truncation) {
    return new TrainingSettings(
        s.corpus(),
        s.tokenizer(),
        s.vocabulary(),
        s.architecture(),
        s.depth(),
        s.width(),
        s.heads(),
        s.kvHeads(),
        s.positions(),
        s.attention(),
        s.context(),
        dropout,
        truncation,
        s.batch(),
        s.microBatches(),
        s.minutes(),
        s.steps(),
        s.tokens(),
        s.optimizer(),
        s.rate(),
        s.weightDecay(),
        s.warmup(),
        s.decayShare(),
        s.decay(),
        s.clip(),
        s.seed(),
        s.threads(),
        s.evaluateEvery(),
        s.evaluationTokens(),
        s.samplePrompt());
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void theSameSeedGivesTheSameBitsForAnyNumberOfThreads(Architecture architecture)
      throws IOException {
    start("one", settings(architecture, OptimizerChoice.MUON, 6, 1), OptionalLong.empty());
    start("three", settings(architecture, OptimizerChoice.MUON, 6, 3), OptionalLong.empty());
    assertSameWeights("one", "three");
  }

  @Test
  void aModelLearnsAndWhatItLeavesContinuesText() throws IOException {
    TrainingRun.Outcome outcome =
        start(
            "run",
            settings(Architecture.LLAMA, OptimizerChoice.MUON, 150, 2),
            OptionalLong.empty());
    assertThat(outcome.valBitsPerByte()).isLessThan(1.0);
    assertThat(outcome.peakBytes())
        .isBetween(
            (long) (outcome.estimatedBytes() / 1.1), (long) (outcome.estimatedBytes() * 1.1));
    Path run = folder.resolve("run");
    for (String file :
        List.of(
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "generation_config.json",
            "lungo.json",
            "metrics.jsonl",
            "report.html")) {
      assertThat(run.resolve(file)).exists();
    }
    assertThat(Files.readString(run.resolve("lungo.json"), StandardCharsets.UTF_8))
        .contains("\"valBitsPerByte\"", "\"seed\" : 7");
    try (TextGeneration generation = TextGeneration.open(run, 1)) {
      StringBuilder streamed = new StringBuilder();
      TextGeneration.Result result =
          generation.run(
              "the number 41 comes", 8, Sampler.Settings.GREEDY, List.of(), streamed::append);
      assertThat(result.text()).isEqualTo(streamed.toString()).startsWith(" before ");
      TextGeneration.Result stopped =
          generation.run(
              "the number 41 comes", 20, Sampler.Settings.GREEDY, List.of("fore"), piece -> {});
      assertThat(stopped.text()).isEqualTo(" be");
      assertThat(stopped.finish()).isEqualTo(TextGeneration.Finish.STOP);
      assertThatIllegalArgumentException()
          .isThrownBy(() ->
              generation.run(
                  "the ".repeat(100), 1, Sampler.Settings.GREEDY, List.of(), piece -> {}))
          .withMessageContaining("the model's context is 32");
    }
  }

  @Test
  void aRunThatDivergesKeepsItsLastGoodParameters() throws IOException {
    TrainingSettings good = settings(Architecture.LLAMA, OptimizerChoice.ADAMW, 40, 1);
    TrainingSettings wild =
        new TrainingSettings(
            good.corpus(),
            "bpe",
            300,
            Architecture.LLAMA,
            2,
            32,
            4,
            2,
            32,
            4,
            1,
            1,
            40,
            0,
            OptimizerChoice.ADAMW,
            1e30,
            0,
            0,
            0.1,
            Decay.LINEAR,
            1,
            7,
            1,
            1,
            512,
            "the");
    Quiet quiet = new Quiet();
    TrainingRun.Outcome outcome =
        TrainingRun.start(folder.resolve("wild"), wild, OptionalLong.empty(), "test", quiet);
    assertThat(outcome.end()).isEqualTo(TrainingLoop.End.DIVERGED);
    assertThat(quiet.warnings).hasSize(TrainingLoop.MOST_SKIPPED_IN_A_ROW);
    assertThat(quiet.warnings.getFirst()).contains("is skipped");
  }

  @Test
  void whatCannotWorkIsRefusedAndLeavesNothingBehind() throws IOException {
    TrainingSettings fine = settings(Architecture.LLAMA, OptimizerChoice.MUON, 2, 1);
    Path empty = Files.createFile(folder.resolve("empty.txt"));
    assertThatThrownBy(
            () -> start("a", with(fine, empty.toString(), 300, 32), OptionalLong.empty()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("empty");
    assertThatThrownBy(() ->
            start(
                "b",
                with(fine, folder.resolve("missing.txt").toString(), 300, 32),
                OptionalLong.empty()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("missing.txt");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> with(fine, corpus.toString(), 255, 32))
        .withMessageContaining("vocabulary must be at least 257");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> start("c", with(fine, corpus.toString(), 300, 1 << 20), OptionalLong.empty()));
    for (String name : List.of("a", "b", "c")) {
      assertThat(folder.resolve(name)).doesNotExist();
    }
    Path used = Files.createDirectories(folder.resolve("used"));
    Files.writeString(used.resolve("thesis.txt"), "mine");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> start("used", fine, OptionalLong.empty()))
        .withMessageContaining("is in use");
    assertThat(used.resolve("thesis.txt")).hasContent("mine");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TrainingRun.resume(used, OptionalLong.empty(), "test", new Quiet()))
        .withMessageContaining("holds no run");
  }

  private static TrainingSettings with(
      TrainingSettings s, String corpus, int vocabulary, int context) {
    return new TrainingSettings(
        corpus,
        s.tokenizer(),
        vocabulary,
        s.architecture(),
        s.depth(),
        s.width(),
        s.heads(),
        s.kvHeads(),
        context,
        s.batch(),
        s.microBatches(),
        s.minutes(),
        s.steps(),
        s.tokens(),
        s.optimizer(),
        s.rate(),
        s.weightDecay(),
        s.warmup(),
        s.decayShare(),
        s.decay(),
        s.clip(),
        s.seed(),
        s.threads(),
        s.evaluateEvery(),
        s.evaluationTokens(),
        s.samplePrompt());
  }
}
