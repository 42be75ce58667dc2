package dev.lungo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.lungo.generate.Translator;
import dev.lungo.model.EncoderDecoderConfig.Activation;
import dev.lungo.model.EncoderDecoderConfig.NormPlacement;
import dev.lungo.model.EncoderDecoderConfig.SharedTables;
import dev.lungo.optim.InverseRootSchedule;
import dev.lungo.optim.Schedule.Decay;
import dev.lungo.train.TrainingSettings.OptimizerChoice;
import dev.lungo.train.TranslationSettings.RateSchedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TranslationRunTest {
  @TempDir private Path folder;
  private Path corpus;
  private final List<String> warnings = new ArrayList<>();

  private final RunListener listener =
      new RunListener() {
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
      };

  @BeforeEach
  void writeCorpus() throws IOException {
    corpus = folder.resolve("pairs.tsv");
    StringBuilder lines = new StringBuilder("a line without a translation\n");
    for (int i = 0; i < 1000; i++) {
      lines.append("number ").append(i).append(" comes\tvient le nombre ").append(i).append('\n');
    }
    lines.append("too long ").append("very ".repeat(60)).append("\tlong\n");
    Files.writeString(corpus, lines);
  }

  private TranslationSettings settings(String source, boolean strict, long steps, int threads) {
    return new TranslationSettings(
        source,
        strict,
        300,
        1,
        32,
        4,
        NormPlacement.PRE,
        Activation.RELU,
        SharedTables.ALL,
        source.isEmpty() ? 63 : 31,
        512,
        1,
        steps,
        OptimizerChoice.MUON,
        0.02,
        0.01,
        RateSchedule.TRAPEZOID,
        5,
        0.5,
        Decay.LINEAR,
        1,
        0.1,
        0.1,
        7,
        threads,
        0,
        20);
  }

  private TranslationSettings settings(long steps, int threads) {
    return settings(corpus.toString(), false, steps, threads);
  }

  private TranslationRun.Outcome start(String name, TranslationSettings settings, long stop)
      throws IOException {
    return TranslationRun.start(
        folder.resolve(name),
        settings,
        stop == 0 ? OptionalLong.empty() : OptionalLong.of(stop),
        "test",
        listener);
  }

  private byte[] weights(String name) throws IOException {
    return Files.readAllBytes(folder.resolve(name).resolve("model.safetensors"));
  }

  @Test
  void aStoppedAndResumedRunEqualsAnUninterruptedOneForAnyNumberOfThreads() throws IOException {
    start("whole", settings(20, 1), 0);
    TranslationRun.Outcome half = start("halves", settings(20, 3), 9);
    assertThat(half.end()).isEqualTo(TrainingLoop.End.STOPPED);
    assertThat(TranslationRun.isOne(folder.resolve("halves"))).isTrue();
    TranslationRun.Outcome rest =
        TranslationRun.resume(folder.resolve("halves"), OptionalLong.empty(), "test", listener);
    assertThat(rest.end()).isEqualTo(TrainingLoop.End.FINISHED);
    assertThat(rest.steps()).isEqualTo(20);
    assertThat(weights("halves")).isEqualTo(weights("whole"));
    assertThatThrownBy(() ->
            TranslationRun.resume(folder.resolve("halves"), OptionalLong.empty(), "test", listener))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is finished");
  }

  @Test
  void aModelLearnsToTranslateWhatItHasNotSeen() throws IOException {
    TranslationRun.Outcome outcome = start("run", settings(200, 2), 0);
    assertThat(outcome.trainingLoss()).isLessThan(2);
    assertThat(outcome.chrf()).isGreaterThan(60);
    assertThat(outcome.heldOutPairs()).isBetween(3, 20);
    for (String file :
        List.of(
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "lungo.json",
            "metrics.jsonl",
            "report.html")) {
      assertThat(folder.resolve("run").resolve(file)).exists();
    }
    assertThat(Files.readString(folder.resolve("run/lungo.json")))
        .contains("\"exactMatch\"", "\"seed\" : 7");
    try (Translator translator = Translator.open(folder.resolve("run"), 1)) {
      assertThat(translator.greedy(List.of("number 12 comes")).getFirst().text())
          .startsWith("vient le nombre");
    }
    assertThat(warnings)
        .anyMatch(warning -> warning.contains("line 1 has one side only"))
        .anyMatch(warning -> warning.contains("more than --longest 31"));
  }

  @Test
  void withoutDataItLearnsFromCldr() throws IOException {
    TranslationRun.Outcome outcome = start("cldr", settings("", false, 2, 2), 0);
    assertThat(outcome.steps()).isEqualTo(2);
    assertThat(outcome.valLoss()).isFinite();
    assertThat(warnings).isEmpty();
  }

  @Test
  void strictRunsFailAtTheFirstBadLineAndLeaveNothing() {
    assertThatThrownBy(() -> start("strict", settings(corpus.toString(), true, 5, 1), 0))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("line 1");
    assertThat(folder.resolve("strict")).doesNotExist();
  }

  @Test
  void theInverseRootScheduleIsThePapers() {
    InverseRootSchedule schedule = new InverseRootSchedule(512, 4000);
    assertThat(schedule.peak()).isEqualTo(Math.pow(512, -0.5) * Math.pow(4000, -0.5));
    for (long step : new long[] {1, 400, 4000, 4001, 100_000}) {
      double expected =
          Math.pow(512, -0.5) * Math.min(Math.pow(step, -0.5), step * Math.pow(4000, -1.5));
      assertThat(schedule.peak() * schedule.factor(step))
          .isCloseTo(expected, withinPercentage(1e-9));
    }
  }
}
