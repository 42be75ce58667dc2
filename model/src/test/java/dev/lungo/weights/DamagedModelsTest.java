package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Model files that are cut off or damaged are refused or opened, and nothing else.
class DamagedModelsTest {
  private static final int HEADER = 4096;

  @TempDir Path folder;

  private static byte[] stories(String name) throws IOException {
    Path file =
        Path.of(System.getProperty("lungo.testdata", "../../shared/data"))
            .resolve("models/stories260K")
            .resolve(name);
    assumeTrue(Files.exists(file), "no test data: models/stories260K");
    return Files.readAllBytes(file);
  }

  @ParameterizedTest
  @ValueSource(strings = {"stories260K.gguf", "stories260K.bin"})
  void damageIsRefusedByName(String name) throws IOException {
    byte[] whole = stories(name);
    Path file = folder.resolve(name);
    SplittableRandom random = new SplittableRandom(11);
    for (int round = 0; round < 150; round++) {
      byte[] damaged = whole.clone();
      if (round % 5 == 0) {
        damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length));
      } else {
        int most = name.endsWith(".bin") ? 28 : HEADER;
        for (int i = random.nextInt(3); i >= 0; i--) {
          damaged[random.nextInt(most)] = (byte) random.nextInt(256);
        }
      }
      Files.write(file, damaged);
      Throwable thrown = catchThrowable(() -> ModelFiles.load(file).close());
      if (thrown != null) {
        assertThat(thrown).isInstanceOf(MalformedFileException.class).hasMessageContaining(name);
      }
    }
  }

  @Test
  void filesCutWithinTheWeightsAreRefused() throws IOException {
    byte[] whole = stories("stories260K.gguf");
    Path file = folder.resolve("cut.gguf");
    Files.write(file, Arrays.copyOf(whole, whole.length - 1000));
    assertThatThrownBy(() -> ModelFiles.load(file))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("is the download complete?");
  }

  @Test
  void missingAndUnknownFilesAreNamed() throws IOException {
    assertThatThrownBy(() -> ModelFiles.load(folder.resolve("none.gguf")))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("none.gguf");
    Path other = Files.writeString(folder.resolve("model.onnx"), "x");
    assertThatThrownBy(() -> ModelFiles.load(other))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("not recognised");
  }
}
