package dev.lungo.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lungo.generate.TextGeneration;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.Provenance;
import dev.lungo.train.RunReport;
import dev.lungo.tune.ClassificationSettings.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CorpusTuningTest {
  @TempDir private Path folder;

  private CorpusSettings settings(Path base, Method method) throws IOException {
    Path corpus = folder.resolve("other.txt");
    Files.writeString(corpus, "to be or not to be. ".repeat(200));
    return new CorpusSettings(
        base.toString(), corpus.toString(), method, 4, 8, List.of(), 25, 2, 0.01, 7, 2);
  }

  private static final class Quiet implements TuneListener {
    @Override
    public void phase(String name, String text) {}

    @Override
    public void progressed(Progress progress) {}
  }

  @ParameterizedTest
  @CsvSource({"LORA, true", "FULL, false"})
  void modelForeseesTheOtherTextBetterThanBefore(Method method, boolean adapters)
      throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), Architecture.LLAMA);
    byte[] untouched = Files.readAllBytes(base.resolve("model.safetensors"));
    Path out = folder.resolve("tuned");
    CorpusTuning.Outcome outcome =
        CorpusTuning.run(out, settings(base, method), "test", new Quiet());
    assertThat(outcome.bitsPerByte()).isLessThan(0.7 * outcome.bitsPerByteBefore());
    assertThat(outcome.trainedParameters() < outcome.parameters()).isEqualTo(adapters);
    assertThat(base.resolve("model.safetensors")).hasBinaryContent(untouched);
    assertThat(Files.exists(out.resolve("adapter").resolve(LowRankAdapters.WEIGHTS)))
        .isEqualTo(adapters);
    assertThat(out.resolve(RunReport.FILE)).content().contains("bits per byte");
    assertThat(Provenance.readField(out, "results", CorpusTuning.Outcome.class)).isEqualTo(outcome);
    try (TextGeneration tuned = TextGeneration.open(out, 1);
        TextGeneration before = TextGeneration.open(base, 1)) {
      String text = "to be or not";
      assertThat(tuned.score(text, 0).bitsPerByte())
          .isLessThan(before.score(text, 0).bitsPerByte());
    }
  }

  @Test
  void headAloneLearnsNoText() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> settings(folder, Method.FROZEN))
        .withMessageContaining("lora or full");
  }
}
