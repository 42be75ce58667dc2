package dev.lungo.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.generate.TextEmbedding;
import dev.lungo.generate.TextGeneration;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.RunReport;
import dev.lungo.tune.ClassificationData.Example;
import dev.lungo.tune.ClassificationSettings.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClassificationRunTest {
  @TempDir private Path folder;
  private Path data;

  /// Words of the first three or of the last three letters, of several lengths.
  @BeforeEach
  void writeData() throws IOException {
    StringBuilder text = new StringBuilder("text,label\n");
    RandomNumbers random = new RandomNumbers(1);
    for (int i = 0; i < 60; i++) {
      boolean first = i % 2 == 0;
      for (int letter = 0; letter < 4 + i % 17; letter++) {
        text.append((char) ((first ? 'a' : 'x') + (int) (3 * random.nextDouble())));
      }
      text.append(first ? ",first\n" : ",last\n");
    }
    data = write("letters.csv", text.toString());
  }

  private Path write(String name, String content) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, content);
    return file;
  }

  private static final class Quiet implements TuneListener {
    private final List<String> phases = new ArrayList<>();

    @Override
    public void phase(String name, String text) {
      phases.add(name + " " + text);
    }

    @Override
    public void progressed(Progress progress) {}
  }

  private ClassificationSettings settings(
      Path base, Path file, Method method, String pooling, boolean truncate) {
    return new ClassificationSettings(
        base.toString(),
        file.toString(),
        "",
        "text",
        "label",
        0.2,
        method,
        4,
        8,
        List.of(),
        new Pooling(pooling),
        method == Method.FROZEN ? 0 : 8,
        4,
        method == Method.FULL ? 0.003 : 0,
        truncate,
        7,
        2);
  }

  private ClassificationRun.Outcome start(String name, ClassificationSettings settings)
      throws IOException {
    return ClassificationRun.start(folder.resolve(name), settings, "test", new Quiet());
  }

  @ParameterizedTest
  @CsvSource({
    "LLAMA, FROZEN, mean",
    "LLAMA, LORA, last",
    "GPT2, FULL, mean",
    "GPT2, LORA, mean",
    "GRU, FULL, last"
  })
  void separableClassesAreToldApartAndTheFolderOpensAgain(
      Architecture architecture, Method method, String pooling) throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), architecture);
    ClassificationRun.Outcome outcome = start("run", settings(base, data, method, pooling, false));
    assertThat(outcome.labels()).containsExactly("first", "last");
    assertThat(outcome.texts() + outcome.heldOutTexts()).isEqualTo(60);
    assertThat(outcome.scores().accuracy()).isEqualTo(1);
    Path run = folder.resolve("run");
    try (Classifier opened = Classifier.open(run, 1)) {
      ClassificationScores again =
          opened.evaluate(LabeledTexts.read(data, "text", "label"), false, done -> {});
      assertThat(again.accuracy()).isEqualTo(1);
      assertThat(opened.answer("abba", false).label()).isEqualTo("first");
    }
    try (TextGeneration model = TextGeneration.open(run, 1)) {
      assertThat(model.generate("ab").tokens(3).run(piece -> {}).tokens()).isEqualTo(3);
    }
    assertThat(run.resolve(RunReport.FILE)).content().contains("Confusion", "Reliability");
    assertThat(Files.exists(run.resolve("adapter").resolve(LowRankAdapters.WEIGHTS)))
        .isEqualTo(method == Method.LORA);
  }

  @Test
  void measuredProbabilitiesAreThoseOfTheSavedClassifier() throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), Architecture.LLAMA);
    Path heldOut = write("other.csv", "text,label\ncab,first\nzyx,last\n");
    ClassificationSettings all = settings(base, data, Method.LORA, "last", false);
    ClassificationSettings apart =
        new ClassificationSettings(
            all.model(),
            all.data(),
            heldOut.toString(),
            "text",
            "label",
            0.2,
            Method.LORA,
            4,
            8,
            List.of(),
            Pooling.LAST,
            1,
            4,
            0,
            false,
            7,
            1);
    ClassificationRun.Outcome outcome = start("run", apart);
    try (Classifier opened = Classifier.open(folder.resolve("run"), 2)) {
      ClassificationScores again =
          opened.evaluate(LabeledTexts.read(heldOut, "text", "label"), false, done -> {});
      assertThat(again).isEqualTo(outcome.scores());
    }
  }

  @Test
  void textsReadSideBySideAreAnsweredAsAlone() throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), Architecture.LLAMA);
    for (String pooling : List.of("last", "mean")) {
      start(pooling, settings(base, data, Method.FROZEN, pooling, false));
      try (Classifier opened = Classifier.open(folder.resolve(pooling), 1)) {
        List<Example> texts = new ArrayList<>();
        for (String text : List.of("a badge", "a long river of words goes down", "up")) {
          texts.add(new Example("", opened.encoding(false).all(text), 0));
        }
        float[][] together = opened.states(texts, done -> {});
        for (int i = 0; i < together.length; i++) {
          float[] alone = opened.states(List.of(texts.get(i)), done -> {})[0];
          assertThat(together[i]).containsExactly(alone, within(1e-5f));
        }
      }
    }
  }

  @Test
  void pooledStatesAreThoseThatGenerateEmbeds() throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), Architecture.LLAMA);
    String text = "this goes down";
    for (var pooling : TextEmbedding.Pooling.values()) {
      String name = pooling.name().toLowerCase(Locale.ROOT);
      start(name, settings(base, data, Method.FROZEN, name, false));
      try (Classifier classifier = Classifier.open(folder.resolve(name), 1);
          TextGeneration model = TextGeneration.open(base, 1)) {
        Example example = new Example("", classifier.encoding(false).all(text), 0);
        assertThat(classifier.states(List.of(example), done -> {})[0])
            .containsExactly(model.embed(text, pooling, false), within(1e-5f));
      }
    }
  }

  @Test
  void sameSeedGivesSameBitsForAnyNumberOfThreads() throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), Architecture.LLAMA);
    ClassificationSettings two = settings(base, data, Method.LORA, "last", false);
    ClassificationSettings one =
        new ClassificationSettings(
            two.model(),
            two.data(),
            "",
            "text",
            "label",
            two.heldOut(),
            Method.LORA,
            4,
            8,
            List.of(),
            Pooling.LAST,
            two.epochs(),
            4,
            0,
            false,
            7,
            1);
    start("two", two);
    start("one", one);
    for (String file : List.of("classifier.safetensors", "model.safetensors")) {
      assertThat(folder.resolve("one").resolve(file))
          .hasSameBinaryContentAs(folder.resolve("two").resolve(file));
    }
  }

  @Test
  void oneClassAloneIsRefused() throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), Architecture.LLAMA);
    Path file = write("one.csv", "text,label\na,x\nb,x\nc,x\n");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> start("run", settings(base, file, Method.FROZEN, "last", false)))
        .withMessageContainingAll("the label x", "two classes");
    assertThat(folder.resolve("run")).doesNotExist();
  }

  @Test
  void longTextsAreCountedAndCutOnlyWhenTold() throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), Architecture.LLAMA);
    Path file = write("long.csv", Files.readString(data) + "cabbage ".repeat(20) + ",first\n");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> start("run", settings(base, file, Method.FROZEN, "last", false)))
        .withMessageContainingAll("1 of 61", "line 62", "160", "--truncate");
    assertThat(start("run", settings(base, file, Method.FROZEN, "last", true)).truncatedTexts())
        .isEqualTo(1);
  }

  @Test
  void unknownLabelsAreNamedWhenMeasuring() throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), Architecture.LLAMA);
    start("run", settings(base, data, Method.FROZEN, "last", false));
    Path file = write("new.csv", "text,label\ncab,first\nfavour,both\n");
    try (Classifier opened = Classifier.open(folder.resolve("run"), 1)) {
      LabeledTexts texts = LabeledTexts.read(file, "text", "label");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> opened.evaluate(texts, false, done -> {}))
          .withMessageContainingAll("line 3", "both", "[first, last]");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> opened.answer(" \n", false))
          .withMessageContaining("empty");
    }
  }

  @Test
  void modelsWithoutHeadAreNoClassifiers() throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), Architecture.LLAMA);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Classifier.open(base, 1))
        .withMessageContainingAll("classifier.json", "./lungo tune");
  }

  @Test
  void specialTokensThatDoNotExistAreRefused() throws IOException {
    Path base = TinyModels.save(folder.resolve("base"), Architecture.LLAMA);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> start("run", settings(base, data, Method.FROZEN, "<cls>", false)))
        .withMessageContaining("<cls>");
  }

  @Test
  void bodyOfSourceFileStartsBelowItsImports() {
    assertThat(
            JdkModules.body(
                "/* licence */\npackage a.b;\n\nimport c.D;\nimport e.F;\n\nclass G {}"))
        .isEqualTo("class G {}");
    assertThat(JdkModules.body("class G {}")).isEqualTo("class G {}");
  }
}
