package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lungo.file.MalformedFileException;
import dev.lungo.weights.SafetensorsWriter.Outgoing;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MalformedSafetensorsTest {
  private static final String GOOD =
      "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

  @TempDir Path folder;

  private MalformedFileException refusal(byte[] bytes) throws IOException {
    Path file = folder.resolve("bad.safetensors");
    Files.write(file, bytes);
    MalformedFileException refusal =
        catchThrowableOfType(MalformedFileException.class, () -> Safetensors.open(file).close());
    assertThat(refusal).as("a refusal").isNotNull();
    assertThat(refusal.file()).isEqualTo(file.toString());
    assertThat(refusal.offset()).isBetween(0L, (long) bytes.length);
    return refusal;
  }

  private static byte[] file(long headerLength, String header, int dataBytes) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(headerLength)
        .put(text)
        .array();
  }

  private static byte[] file(String header, int dataBytes) {
    return file(header.getBytes(StandardCharsets.UTF_8).length, header, dataBytes);
  }

  @Test
  void theGoodFileIsGood() throws IOException {
    Path file = folder.resolve("good.safetensors");
    Files.write(file, file(GOOD, 8));
    try (Safetensors weights = Safetensors.open(file)) {
      assertThat(weights.find("x").orElseThrow().elements()).isEqualTo(2);
    }
  }

  @Test
  void tensorOfAnEmptyNameIsNamedInItsRefusal() throws IOException {
    MalformedFileException refusal = refusal(file("{\"\":[]}", 0));
    assertThat(refusal.field()).isEqualTo("(empty name)");
    assertThat(refusal).hasMessageContaining("(empty name): must be an object");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7})
  void filesTooShortForALengthAreRefused(int size) throws IOException {
    assertThat(refusal(new byte[size]).field()).isEqualTo("header length");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, 100_000_001, 1000, 72})
  void headerLengthsOutOfBoundsAreRefused(long length) throws IOException {
    MalformedFileException refusal = refusal(file(length, GOOD, 8));
    assertThat(refusal.offset()).isZero();
    assertThat(refusal.field()).isEqualTo("header length");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          overlaps          | {"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}
          hole after byte 0 | {"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}
          bytes follow      | {"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}
          must lie within   | {"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}
          must lie within   | {"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}
          need 12           | {"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}
          63 bits           | {"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}
          63 bits           | {"x":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}
          negative          | {"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}
          a whole number    | {"x":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}
          more than 16      | {"x":{"dtype":"F32","shape":[2,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,8]}}
          more than 2       | {"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}
          of two numbers    | {"x":{"dtype":"F32","shape":[2],"data_offsets":[0]}}
          must have dtype   | {"x":{"dtype":"F32","data_offsets":[0,8]}}
          does not know     | {"x":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}
          a string          | {"x":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}
          an array          | {"x":{"dtype":"F32","shape":{},"data_offsets":[0,8]}}
          an object         | {"x":[1]}
          a string          | {"__metadata__":{"format":1},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}
          Duplicate         | {"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}
          Duplicate         | {"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}
          goes on after     | {"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} {}
          Non-standard      | {"x":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}
          Unexpected end    | {"x":{"dtype":"F32","shape":[2],
          UTF-8             | ["x"]
          """)
  void headersThatLieAreRefused(String reason, String header) throws IOException {
    assertThat(refusal(file(header, 8))).hasMessageContaining(reason);
  }

  @Test
  void deepNestingIsRefusedEvenInFieldsNobodyReads() throws IOException {
    String deep = "[".repeat(10_000) + "]".repeat(10_000);
    assertThat(refusal(file("{\"x\":{\"other\":" + deep + "}}", 8)))
        .hasMessageContaining("nesting depth");
    MalformedFileException refusal =
        refusal(file("{\"a\":".repeat(10_000) + "1" + "}".repeat(10_000), 8));
    assertThat(refusal).hasMessageContaining("nesting depth");
    assertThat(refusal.offset()).isGreaterThan(8 + 5 * 32);
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    byte[] broken = file(GOOD, 8);
    broken[8 + 2] = (byte) 0xff;
    refusal(broken);
    byte[] wide = GOOD.getBytes(StandardCharsets.UTF_16LE);
    refusal(
        ByteBuffer.allocate(8 + wide.length + 8)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(wide.length)
            .put(wide)
            .array());
  }

  @Test
  void moreTensorsThanAnyModelHasAreRefused() throws IOException {
    StringBuilder header = new StringBuilder("{");
    for (int i = 0; i <= 100_000; i++) {
      header
          .append('"')
          .append(i)
          .append("\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},");
    }
    header.setCharAt(header.length() - 1, '}');
    assertThat(refusal(file(header.toString(), 0))).hasMessageContaining("one tensor more than");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x.safetensors",
        "/etc/passwd",
        "..",
        "",
        "a/b.safetensors",
        "a\\\\b.safetensors",
        "C:x.safetensors",
        "a\\u0000.safetensors",
        "x.bin",
        ".hidden.safetensors",
        "absent.safetensors"
      })
  void indexesThatLeadElsewhereAreRefused(String shard) throws IOException {
    Path index = folder.resolve("model.safetensors.index.json");
    Files.writeString(index, "{\"weight_map\":{\"x\":\"" + shard + "\"}}");
    assertThatThrownBy(() -> Safetensors.open(folder).close())
        .isInstanceOfSatisfying(
            MalformedFileException.class,
            refusal -> {
              assertThat(refusal.file()).isEqualTo(index.toString());
              assertThat(refusal.offset()).isEqualTo(19);
              assertThat(refusal.field()).isEqualTo("weight_map.x");
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[]",
        "{\"weight_map\":[]}",
        "{\"weight_map\":{\"x\":1}}",
        "{\"weight_map\":{}",
        "{\"weight_map\":{\"y\":\"shard.safetensors\"}}",
        "{\"weight_map\":{\"x\":\"shard.safetensors\",\"x\":\"shard.safetensors\"}}"
      })
  void indexesThatLieAreRefused(String index) throws IOException {
    Files.write(folder.resolve("shard.safetensors"), file(GOOD, 8));
    Files.writeString(folder.resolve("model.safetensors.index.json"), index);
    assertThatThrownBy(() -> Safetensors.open(folder).close())
        .isInstanceOf(MalformedFileException.class);
  }

  /// Whatever happens to the bytes, a file opens with tensors inside its bounds, or is refused as
  /// malformed.
  @Test
  void mutationsNeverEscape() throws IOException {
    Path file = folder.resolve("fuzz.safetensors");
    SafetensorsWriter.write(
        file,
        Map.of("format", "pt"),
        List.of(
            Outgoing.of(
                "a.weight", StoredType.F32, new long[] {2, 2}, MemorySegment.ofArray(new float[4])),
            Outgoing.of(
                "b.weight", StoredType.BF16, new long[] {3}, MemorySegment.ofArray(new short[3])),
            Outgoing.of(
                "c.weight", StoredType.U8, new long[] {5}, MemorySegment.ofArray(new byte[5]))));
    byte[] original = Files.readAllBytes(file);
    SplittableRandom random = new SplittableRandom(20_250_101);
    int refused = 0;
    int opened = 0;
    for (int round = 0; round < 1200; round++) {
      Files.write(file, mutated(original, random));
      try (Safetensors weights = Safetensors.open(file)) {
        for (StoredTensor tensor : weights.tensors()) {
          if (tensor.type() != StoredType.F8_E4M3 && tensor.type() != StoredType.F8_E5M2) {
            tensor.readFloats(MemorySegment.ofArray(new float[(int) tensor.elements()]));
          }
        }
        opened++;
      } catch (MalformedFileException expected) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(400);
    assertThat(opened).isGreaterThan(20);
  }

  private static byte[] mutated(byte[] original, SplittableRandom random) {
    byte[] bytes = original.clone();
    byte[] alphabet = "{}[]\",:0123456789eE-.\\u F\u0000".getBytes(StandardCharsets.ISO_8859_1);
    switch (random.nextInt(4)) {
      case 0 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      case 1 -> {
        for (int i = 0; i < 3; i++) {
          bytes[8 + random.nextInt(bytes.length - 8)] = alphabet[random.nextInt(alphabet.length)];
        }
      }
      case 2 -> bytes = Arrays.copyOf(bytes, random.nextInt(2 * bytes.length));
      default -> {
        int from = random.nextInt(bytes.length);
        int to = random.nextInt(bytes.length);
        int count = random.nextInt(bytes.length - Math.max(from, to));
        System.arraycopy(original, from, bytes, to, count);
      }
    }
    return bytes;
  }
}
