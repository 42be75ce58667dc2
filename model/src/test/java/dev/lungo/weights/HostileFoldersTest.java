package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Model folders whose files contradict each other.
class HostileFoldersTest {
  @TempDir private Path folder;

  @BeforeEach
  void save() throws IOException {
    LlamaConfig config =
        new LlamaConfig(8, 32, 1, 2, 1, 16, 64, 16, 1e-5f, 10_000, true, RotaryLayout.HALVES);
    try (LanguageModel model = LanguageModel.create(config, false)) {
      ModelFolder.save(
          folder, model, new SpecialTokenIds(OptionalInt.empty(), List.of(), OptionalInt.empty()));
    }
  }

  private void replace(String file, String good, String bad) throws IOException {
    String text = Files.readString(folder.resolve(file), StandardCharsets.ISO_8859_1);
    assertThat(text).contains(good);
    Files.writeString(folder.resolve(file), text.replace(good, bad), StandardCharsets.ISO_8859_1);
  }

  private void assertRefused(String message) {
    assertThatThrownBy(() -> ModelFiles.load(folder).close())
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining(message);
  }

  @Test
  void theGoodFolderIsGood() throws IOException {
    try (LanguageModel model = ModelFiles.load(folder)) {
      assertThat(model.config().layers()).isEqualTo(1);
    }
  }

  @Test
  void configurationOfMoreThanTheWeightsHoldTakesNoMemory() throws IOException {
    replace("config.json", "\"num_hidden_layers\" : 1", "\"num_hidden_layers\" : 10000");
    assertRefused("but config.json asks for at least");
    replace("config.json", "\"num_hidden_layers\" : 10000", "\"num_hidden_layers\" : 1000000000");
    assertRefused("layers must be between 1 and 10000");
  }

  @Test
  void weightsInFormatWithoutConversionAreRefused() throws IOException {
    // Numbers of 8 bits take a quarter of the bytes, so that the header's room stays the same.
    try (Safetensors weights = Safetensors.open(folder)) {
      List<SafetensorsWriter.Outgoing> tensors =
          weights.tensors().stream()
              .map(tensor ->
                  SafetensorsWriter.Outgoing.of(
                      tensor.name(),
                      StoredType.F8_E4M3,
                      tensor.shape(),
                      tensor.data().asSlice(0, tensor.elements())))
              .toList();
      SafetensorsWriter.write(folder.resolve("other.safetensors"), Map.of(), tensors);
    }
    Files.move(
        folder.resolve("other.safetensors"),
        folder.resolve("model.safetensors"),
        StandardCopyOption.REPLACE_EXISTING);
    assertRefused("which Lungo does not convert; export it as BF16");
  }

  @Test
  void fileThatShrinksWhileItIsReadIsAnErrorAndNoCrash() throws IOException {
    Path file = folder.resolve("model.safetensors");
    try (Safetensors weights = Safetensors.open(folder);
        Arena arena = Arena.ofConfined()) {
      Optional<StoredTensor> last = weights.tensors().stream().reduce((first, second) -> second);
      StoredTensor tensor = last.orElseThrow();
      MemorySegment target = arena.allocate(4 * tensor.elements());
      try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
        out.setLength(0);
      }
      assertThatThrownBy(() -> tensor.readFloats(target))
          .isInstanceOf(InternalError.class)
          .hasMessageContaining("unsafe memory access");
    }
  }
}
