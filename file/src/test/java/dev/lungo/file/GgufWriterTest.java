package dev.lungo.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.GgufHeader.GgufTensorInfo;
import dev.lungo.file.GgufWriter.Outgoing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
  @TempDir Path folder;

  private static Outgoing tensor(String name, byte[] bytes, long... shape) {
    return new Outgoing(name, shape, 0, bytes.length, out -> out.write(ByteBuffer.wrap(bytes)));
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", "llama");
    metadata.put("a.number", 4_000);
    metadata.put("a.float", 1e-5f);
    metadata.put("a.truth", true);
    metadata.put("some.words", List.of("Ġthe", "", "日本"));
    metadata.put("some.numbers", new int[] {1, -2, 3});
    metadata.put("some.floats", new float[] {0.5f, -1e9f});
    byte[] first = new byte[24];
    Arrays.fill(first, (byte) 7);
    byte[] second = new byte[32];
    Arrays.fill(second, (byte) 9);
    Path file = folder.resolve("model.gguf");
    GgufWriter.write(file, metadata, List.of(tensor("one", first, 2, 3), tensor("two", second, 8)));

    GgufHeader header = GgufHeader.read(file, name -> true);
    assertThat(header.version()).isEqualTo(3);
    assertThat(header.metadata().keySet()).containsExactlyElementsOf(metadata.keySet());
    assertThat(header.metadata())
        .containsEntry("general.architecture", "llama")
        .containsEntry("a.number", 4_000L)
        .containsEntry("a.float", 1e-5f)
        .containsEntry("a.truth", true)
        .containsEntry("some.words", List.of("Ġthe", "", "日本"))
        .containsEntry("some.numbers", List.of(1L, 0xffff_fffeL, 3L))
        .containsEntry("some.floats", List.of(0.5f, -1e9f));
    assertThat(header.tensors()).extracting(GgufTensorInfo::name).containsExactly("one", "two");
    assertThat(header.tensors().getFirst().shape()).containsExactly(2, 3);
    assertThat(header.tensors().getFirst().offset()).isEqualTo(header.dataOffset());
    assertThat(header.tensors().getLast().offset()).isEqualTo(header.dataOffset() + 32);
    assertThat(header.dataOffset() % 32).isZero();
    byte[] bytes = Files.readAllBytes(file);
    int from = (int) header.dataOffset();
    assertThat(Arrays.copyOfRange(bytes, from, from + 24)).isEqualTo(first);
    assertThat(Arrays.copyOfRange(bytes, from + 32, from + 64)).isEqualTo(second);
    assertThat(bytes).hasSize(from + 64);
  }

  @Test
  void aSourceThatWritesTooLittleLeavesTheOldFile() throws IOException {
    Path file = folder.resolve("model.gguf");
    Files.writeString(file, "old");
    Outgoing broken = new Outgoing("one", new long[] {4}, 0, 16, out -> {});
    assertThatThrownBy(() -> GgufWriter.write(file, Map.of(), List.of(broken)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("one");
    assertThat(file).hasContent("old");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void whatGgufCannotSayIsRefused() {
    Path file = folder.resolve("model.gguf");
    Outgoing one = tensor("one", new byte[4], 1);
    assertThatThrownBy(() -> GgufWriter.write(file, Map.of(), List.of(one, one)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("one is taken");
    for (Object value : List.of(-1, 1.0, List.of(1))) {
      assertThatThrownBy(() -> GgufWriter.write(file, Map.of("a.key", value), List.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("a.key");
    }
    assertThat(file).doesNotExist();
  }
}
