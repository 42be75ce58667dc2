package dev.lungo.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufHeaderTest {
  private static final int U32 = 4;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  @TempDir Path folder;

  /// Builds the bytes of a file.
  private static final class Builder {
    private final ByteBuffer bytes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

    Builder begin(int version, long tensors, long entries) {
      bytes.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(version);
      bytes.putLong(tensors).putLong(entries);
      return this;
    }

    Builder text(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      bytes.putLong(utf8.length).put(utf8);
      return this;
    }

    Builder entry(String name, int type) {
      text(name);
      return number(type);
    }

    Builder number(int value) {
      bytes.putInt(value);
      return this;
    }

    Builder wide(long value) {
      bytes.putLong(value);
      return this;
    }

    Builder tensor(String name, int type, long offset, long... dimensions) {
      text(name).number(dimensions.length);
      for (long dimension : dimensions) {
        wide(dimension);
      }
      return number(type).wide(offset);
    }

    byte[] withData(int count) {
      int end = (bytes.position() + 31) / 32 * 32 + count;
      return Arrays.copyOf(bytes.array(), end);
    }
  }

  private static byte[] good() {
    return new Builder()
        .begin(3, 2, 4)
        .entry("general.alignment", U32)
        .number(32)
        .entry("general.name", STRING)
        .text("añ")
        .entry("skipped", ARRAY)
        .number(STRING)
        .wide(2)
        .text("a")
        .text("bc")
        .entry("general.flags", ARRAY)
        .number(U32)
        .wide(3)
        .number(7)
        .number(8)
        .number(-1)
        .tensor("w", 0, 0, 4, 3)
        .tensor("v", 0, 64, 4)
        .withData(80);
  }

  private GgufHeader read(byte[] bytes) throws IOException {
    Path file = folder.resolve("a.gguf");
    Files.write(file, bytes);
    return GgufHeader.read(file, name -> name.startsWith("general."));
  }

  private MalformedFileException refusal(byte[] bytes) {
    MalformedFileException refusal =
        catchThrowableOfType(MalformedFileException.class, () -> read(bytes));
    assertThat(refusal).as("a refusal").isNotNull();
    assertThat(refusal.offset()).isBetween(0L, (long) bytes.length);
    return refusal;
  }

  @Test
  void wantedEntriesAndAllTensorsAreFound() throws IOException {
    GgufHeader header = read(good());
    assertThat(header.metadata())
        .containsEntry("general.name", "añ")
        .containsEntry("general.flags", List.of(7L, 8L, 0xffff_ffffL))
        .doesNotContainKey("skipped");
    assertThat(header.tensors()).hasSize(2);
    assertThat(header.tensors().getFirst().shape()).containsExactly(3, 4);
    assertThat(header.tensors().getLast().offset()).isEqualTo(header.dataOffset() + 64);
    assertThat(header.dataOffset() % 32).isZero();
  }

  @Test
  void everyTruncationIsRefused() throws IOException {
    byte[] good = good();
    int header = (int) read(good).dataOffset();
    for (int length = 0; length < header - 32; length++) {
      refusal(Arrays.copyOf(good, length));
    }
  }

  @Test
  void wrongMagicAndVersionsAreRefused() {
    assertThat(refusal("GGML0000000000000000".getBytes(StandardCharsets.US_ASCII)).field())
        .isEqualTo("magic");
    assertThat(refusal(new Builder().begin(1, 0, 0).withData(0)).field()).isEqualTo("version");
    assertThat(refusal(new Builder().begin(4, 0, 0).withData(0)).field()).isEqualTo("version");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 1L << 60, Long.MIN_VALUE})
  void countsAndLengthsThatTheFileCannotHoldAreRefused(long length) {
    assertThat(refusal(new Builder().begin(3, length, 0).withData(0)).field())
        .isEqualTo("tensor count");
    assertThat(refusal(new Builder().begin(3, 0, length).withData(0)).field())
        .isEqualTo("metadata count");
    assertThat(refusal(new Builder().begin(3, 0, 1).wide(length).withData(0)).field())
        .isEqualTo("string length");
    Builder array = new Builder().begin(3, 0, 1).entry("general.x", ARRAY).number(U32);
    assertThat(refusal(array.wide(length).withData(0)).field()).isEqualTo("array length");
  }

  @Test
  void nestedArraysAndUnknownTypesAreRefused() {
    Builder nested = new Builder().begin(3, 0, 1).entry("general.x", ARRAY).number(ARRAY).wide(1);
    assertThat(refusal(nested.withData(0)).field()).isEqualTo("type");
    assertThat(refusal(new Builder().begin(3, 0, 1).entry("x", 13).withData(0)).field())
        .isEqualTo("type");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4, 13, 1 << 31})
  void alignmentsThatAreNoneAreRefused(int alignment) {
    byte[] bytes =
        new Builder().begin(3, 0, 1).entry("general.alignment", U32).number(alignment).withData(0);
    assertThat(refusal(bytes).field()).isEqualTo("general.alignment");
    byte[] noNumber = new Builder().begin(3, 0, 1).entry("general.alignment", BOOL).withData(32);
    assertThat(refusal(noNumber).field()).isEqualTo("general.alignment");
  }

  @Test
  void tensorsThatCannotBeAreRefused() {
    assertThat(refusal(new Builder().begin(3, 1, 0).tensor("w", 0, 0, 1, 1, 1, 1, 1).withData(64)))
        .hasMessageContaining("5 dimensions");
    assertThat(
            refusal(
                new Builder().begin(3, 1, 0).tensor("w", 0, 0, 1L << 40, 1L << 40).withData(64)))
        .hasMessageContaining("cannot be counted");
    assertThat(refusal(new Builder().begin(3, 1, 0).tensor("w", 0, 0, 0).withData(64)))
        .hasMessageContaining("a dimension is 0");
    assertThat(refusal(new Builder().begin(3, 1, 0).tensor("w", 0, 16, 1).withData(64)))
        .hasMessageContaining("offset 16");
    assertThat(refusal(new Builder().begin(3, 1, 0).tensor("w", 0, -32, 1).withData(64)))
        .hasMessageContaining("offset -32");
    byte[] twice =
        new Builder().begin(3, 2, 0).tensor("w", 0, 0, 1).tensor("w", 0, 0, 1).withData(64);
    assertThat(refusal(twice)).hasMessageContaining("comes twice");
  }

  @Test
  void noDamageDoesWorseThanRefusal() {
    SplittableRandom random = new SplittableRandom(7);
    byte[] good = good();
    for (int round = 0; round < 20_000; round++) {
      byte[] damaged = good.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      Throwable thrown = catchThrowable(() -> read(damaged));
      if (thrown != null) {
        assertThat(thrown).isInstanceOf(MalformedFileException.class);
      }
    }
  }
}
