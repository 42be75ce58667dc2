package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.tensor.DType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptCacheTest {
  private static final int[] IDS = new int[40];

  static {
    for (int i = 0; i < IDS.length; i++) {
      IDS[i] = i * 7 % 19;
    }
  }

  @TempDir Path folder;
  private final List<String> messages = new ArrayList<>();
  private final Kernels kernels = KernelChoice.open(1);
  private LanguageModel model;
  private Path file;
  private Path weights;

  @BeforeEach
  void write() throws IOException {
    model = TinyModels.random(19, 64, 1);
    file = folder.resolve("prompt.cache");
    weights = folder.resolve("model.safetensors");
    Files.writeString(weights, "weights");
    try (Generator generator = new Generator(kernels, model, 64)) {
      generator.feed(IDS);
      cache().save(generator.cache(), IDS);
    }
  }

  @AfterEach
  void close() {
    model.close();
    kernels.close();
  }

  private PromptCache cache() throws IOException {
    return new PromptCache(file, ModelFingerprint.of(folder, model.config()), messages::add);
  }

  private int load(DType type, int... ids) throws IOException {
    try (Generator generator = new Generator(kernels, model, 64, 1, type)) {
      int used = cache().load(generator.cache(), ids);
      assertThat(generator.position()).isEqualTo(used);
      return used;
    }
  }

  @Test
  void theLongestCommonBeginningIsUsed() throws IOException {
    assertThat(load(DType.FLOAT32, IDS)).isEqualTo(27);
    int[] other = IDS.clone();
    other[20]++;
    assertThat(load(DType.FLOAT32, other)).isEqualTo(20);
    other[0]++;
    assertThat(load(DType.FLOAT32, other)).isZero();
    int[] longer = Arrays.copyOf(IDS, 60);
    assertThat(load(DType.FLOAT32, longer)).isEqualTo(40);
    assertThat(load(DType.FLOAT32, Arrays.copyOf(IDS, 5))).isZero();
    assertThat(messages).isEmpty();
  }

  @Test
  void keysTurnedForAnotherLengthAreNotUsed() throws IOException {
    try (Generator generator = new Generator(kernels, model, 64)) {
      assertThat(cache().at(1).load(generator.cache(), IDS)).isZero();
    }
    assertThat(messages).hasSize(1);
  }

  @Test
  void loadedNumbersAreThoseThatWereStored() throws IOException {
    try (Generator whole = new Generator(kernels, model, 64);
        Generator part = new Generator(kernels, model, 64)) {
      whole.feed(IDS);
      int used = cache().load(part.cache(), IDS);
      for (int i = 0; i < 4; i++) {
        assertThat(part.cache().stored(used).get(i).toArray(ValueLayout.JAVA_BYTE))
            .isEqualTo(whole.cache().stored(used).get(i).toArray(ValueLayout.JAVA_BYTE));
      }
    }
  }

  @Test
  void shortPromptsAndKnownOnesLeaveTheFileAlone() throws IOException {
    byte[] before = Files.readAllBytes(file);
    try (Generator generator = new Generator(kernels, model, 64)) {
      PromptCache cache = cache();
      cache.load(generator.cache(), IDS);
      generator.feed(Arrays.copyOfRange(IDS, 27, 40));
      cache.save(generator.cache(), IDS);
      cache.save(generator.cache(), Arrays.copyOf(IDS, 30));
      cache.save(generator.cache(), new int[] {1, 2, 3});
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
  }

  @Test
  void theFileOfAnotherModelIsIgnoredWithAMessage() throws IOException {
    Files.setLastModifiedTime(weights, FileTime.fromMillis(1234567));
    assertThat(load(DType.FLOAT32, IDS)).isZero();
    assertThat(messages).singleElement().asString().contains("not used", "another model");
  }

  @Test
  void anotherTypeOfNumbersIsIgnoredWithAMessage() throws IOException {
    assertThat(load(DType.FLOAT16, IDS)).isZero();
    assertThat(messages)
        .singleElement()
        .asString()
        .contains("it keeps another type of numbers than FLOAT16");
  }

  @Test
  void aMissingFileIsNoMistake() throws IOException {
    Files.delete(file);
    assertThat(load(DType.FLOAT32, IDS)).isZero();
    assertThat(messages).isEmpty();
  }

  @Test
  void whatIsNoPromptCacheIsRefusedAndKept() throws IOException {
    for (String content : new String[] {"", "LUNGO", "# My notes\n".repeat(40)}) {
      Files.writeString(file, content);
      assertThatThrownBy(() -> load(DType.FLOAT32, IDS))
          .isInstanceOf(MalformedFileException.class)
          .hasMessageContaining("this is no prompt cache; name another file or remove it");
      assertThat(Files.readString(file)).isEqualTo(content);
    }
  }

  /// Whatever bit is wrong, and wherever the file ends, nothing of it is used.
  @Test
  void damagedFilesAreIgnoredOrRefused() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    SplittableRandom random = new SplittableRandom(8);
    int refused = 0;
    for (int round = 0; round < 400; round++) {
      byte[] damaged = whole.clone();
      if (round % 4 == 0) {
        damaged = Arrays.copyOf(whole, random.nextInt(whole.length));
      } else if (round % 4 == 1) {
        damaged[random.nextInt(80)] ^= (byte) (1 << random.nextInt(8));
      } else {
        damaged[random.nextInt(whole.length)] ^= (byte) (1 << random.nextInt(8));
      }
      Files.write(file, damaged);
      try {
        assertThat(load(DType.FLOAT32, IDS)).isZero();
        assertThat(messages).hasSize(1);
      } catch (MalformedFileException e) {
        refused++;
      }
      messages.clear();
    }
    assertThat(refused).isBetween(1, 200);
  }

  @Test
  void hugeSizesInTheHeaderTakeNoMemory() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    for (int count : new int[] {-1, 0, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 26}) {
      for (long bytes : new long[] {-1, 0, Long.MAX_VALUE, count * 64L}) {
        ByteBuffer damaged = ByteBuffer.wrap(whole.clone());
        damaged.putInt(48, count).putLong(52, bytes);
        Files.write(file, damaged.array());
        assertThat(load(DType.FLOAT32, IDS)).isZero();
      }
    }
    assertThat(messages).isNotEmpty().allMatch(message -> message.endsWith("it is damaged"));
  }
}
