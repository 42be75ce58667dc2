package dev.lungo.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.nn.KvCache;
import dev.lungo.op.CrossEntropy;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.weights.GgufModelWriter;
import dev.lungo.weights.ModelFolder;
import dev.lungo.weights.SpecialTokenIds;
import dev.lungo.weights.WeightType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecurrentTest {
  private static final Kernels KERNELS = KernelChoice.open(2);

  @AfterAll
  static void closeKernels() {
    KERNELS.close();
  }

  private static RecurrentConfig config(Cell cell, float dropout) {
    return new RecurrentConfig(cell, 19, 24, 2, 64, dropout, 0, false);
  }

  private static LanguageModel model(Cell cell) {
    return model(config(cell, 0), false);
  }

  private static LanguageModel model(RecurrentConfig config, boolean trainable) {
    LanguageModel model = LanguageModel.create(config, trainable);
    model.initialize(new RandomNumbers(7));
    return model;
  }

  private static Tensor ids(Workspace workspace, int batch, int length) {
    int[] ids = new int[batch * length];
    Arrays.setAll(ids, i -> (i * 7 + i / 5) % 19);
    return workspace.allocate(Shape.of(batch, length), DType.INT32).set(ids);
  }

  @ParameterizedTest
  @EnumSource(Cell.class)
  void parametersAreCountedWithoutBuildingTheModel(Cell cell) {
    try (LanguageModel model = model(cell)) {
      assertThat(ParameterCount.of(model.config()).total()).isEqualTo(model.parameters().count());
    }
  }

  @ParameterizedTest
  @EnumSource(Cell.class)
  void stepByStepEqualsAtOnce(Cell cell) {
    try (LanguageModel model = model(cell);
        Workspace memory = new Workspace("cache");
        Workspace workspace = new Workspace("pass")) {
      Pass pass = Pass.inference(KERNELS, workspace);
      Tensor all = ids(workspace, 3, 20);
      float[] expected = model.hidden(pass, all, Optional.empty()).toFloats();
      KvCache cache = model.newCache(memory, 3, 20);
      int[] blocks = {7, 1, 1, 11};
      int from = 0;
      for (int block : blocks) {
        Tensor part = workspace.allocate(Shape.of(3, block), DType.INT32);
        for (int b = 0; b < 3; b++) {
          int[] row = new int[block];
          for (int i = 0; i < block; i++) {
            row[i] = ((b * 20 + from + i) * 7 + (b * 20 + from + i) / 5) % 19;
          }
          part.setRow(b, row, 0);
        }
        Tensor states = model.hidden(pass, part, Optional.of(cache));
        for (int b = 0; b < 3; b++) {
          for (int i = 0; i < block * 24; i++) {
            assertThat(states.at((long) b * block * 24 + i))
                .isCloseTo(expected[(b * 20 + from) * 24 + i], within(1e-6f));
          }
        }
        from += block;
      }
    }
  }

  @Test
  void generationCanGoBack() {
    try (LanguageModel model = model(Cell.LSTM);
        Workspace memory = new Workspace("cache");
        Workspace workspace = new Workspace("pass")) {
      Pass pass = Pass.inference(KERNELS, workspace);
      KvCache cache = model.newCache(memory, 1, 20);
      Tensor prompt = ids(workspace, 1, 5);
      Tensor next = ids(workspace, 1, 2);
      model.hidden(pass, prompt, Optional.of(cache));
      float[] first = model.hidden(pass, next, Optional.of(cache)).toFloats();
      model.hidden(pass, prompt, Optional.of(cache));
      cache.truncate(5);
      assertThat(model.hidden(pass, next, Optional.of(cache)).toFloats()).containsExactly(first);
    }
  }

  @Test
  void laterTokensDoNotChangeEarlierStates() {
    try (LanguageModel model = model(Cell.GRU);
        Workspace workspace = new Workspace("pass")) {
      Pass pass = Pass.inference(KERNELS, workspace);
      Tensor ids = ids(workspace, 1, 20);
      float[] before = model.hidden(pass, ids, Optional.empty()).toFloats();
      int[] row = new int[20];
      Arrays.setAll(row, i -> i < 12 ? (i * 7 + i / 5) % 19 : 3);
      float[] after =
          model
              .hidden(
                  pass, workspace.allocate(Shape.of(1, 20), DType.INT32).set(row), Optional.empty())
              .toFloats();
      assertThat(Arrays.copyOf(after, 12 * 24)).containsExactly(Arrays.copyOf(before, 12 * 24));
      assertThat(after).isNotEqualTo(before);
    }
  }

  @Test
  void dropoutActsInTrainingOnlyAndIsRepeatable() {
    try (LanguageModel model = model(config(Cell.GRU, 0.5f), true);
        Workspace workspace = new Workspace("pass")) {
      float first = loss(model, workspace);
      assertThat(loss(model, workspace)).isEqualTo(first);
      Pass inference = Pass.inference(KERNELS, workspace);
      Tensor ids = ids(workspace, 2, 9);
      float plain = model.loss(inference, ids, ids).mean().at(0);
      assertThat(first).isNotEqualTo(plain);
    }
  }

  private static float loss(LanguageModel model, Workspace workspace) {
    Pass pass = Pass.training(KERNELS, workspace);
    Tensor ids = ids(workspace, 2, 9);
    CrossEntropy.Loss loss = model.loss(pass, ids, ids);
    pass.backward(loss.mean());
    return loss.mean().at(0);
  }

  @ParameterizedTest
  @EnumSource(Cell.class)
  void folderKeepsTheModel(Cell cell, @TempDir Path folder) throws IOException {
    try (LanguageModel model = model(config(cell, 0.25f), false);
        Workspace workspace = new Workspace("pass")) {
      ModelFolder.save(
          folder, model, new SpecialTokenIds(OptionalInt.empty(), List.of(0), OptionalInt.empty()));
      try (LanguageModel loaded = ModelFolder.load(folder, false)) {
        assertThat(loaded.config()).isEqualTo(model.config());
        Pass pass = Pass.inference(KERNELS, workspace);
        Tensor ids = ids(workspace, 1, 9);
        assertThat(loaded.hidden(pass, ids, Optional.empty()).toFloats())
            .containsExactly(model.hidden(pass, ids, Optional.empty()).toFloats());
      }
    }
  }

  @Test
  void ggufFilesAreRefusedByName(@TempDir Path folder) {
    try (LanguageModel model = model(Cell.LSTM)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() ->
              GgufModelWriter.write(
                  folder.resolve("x.gguf"), model, WeightType.F32, Map.of(), 1, name -> {}))
          .withMessageContaining("GGUF files hold no recurrent models such as this lstm");
    }
  }

  @Test
  void statesAreNotRounded() {
    try (LanguageModel model = model(Cell.LSTM);
        Workspace memory = new Workspace("cache")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.newCache(memory, 1, 8, DType.FLOAT16))
          .withMessageContaining("keeps its state in FLOAT32");
    }
  }
}
