package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lungo.weights.SafetensorsWriter.Outgoing;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
  @TempDir Path folder;

  private static MemorySegment floats(float... values) {
    return MemorySegment.ofArray(values);
  }

  private static float[] read(Safetensors weights, String name) {
    float[] values = new float[(int) weights.find(name).orElseThrow().elements()];
    weights.readFloats(name, MemorySegment.ofArray(values));
    return values;
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    Path file = folder.resolve("model.safetensors");
    SafetensorsWriter.write(
        file,
        Map.of("format", "pt"),
        List.of(
            Outgoing.of(
                "half",
                StoredType.F16,
                new long[] {3},
                MemorySegment.ofArray(new short[] {0x3c00, 0, 0})),
            Outgoing.of("matrix", StoredType.F32, new long[] {2, 3}, floats(1, 2, 3, 4, 5, 6)),
            Outgoing.transposed("turned", 2, 3, floats(1, 2, 3, 4, 5, 6)),
            Outgoing.of("number", StoredType.F32, new long[] {}, floats(7)),
            Outgoing.of("none", StoredType.F32, new long[] {0, 4}, floats())));
    try (Safetensors weights = Safetensors.open(folder)) {
      assertThat(weights.metadata()).containsEntry("format", "pt");
      assertThat(weights.tensors()).hasSize(5);
      assertThat(weights.find("matrix").orElseThrow().shape()).containsExactly(2, 3);
      assertThat(weights.find("turned").orElseThrow().shape()).containsExactly(3, 2);
      assertThat(read(weights, "matrix")).containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(read(weights, "turned")).containsExactly(1, 4, 2, 5, 3, 6);
      assertThat(read(weights, "number")).containsExactly(7);
      assertThat(read(weights, "none")).isEmpty();
      assertThat(read(weights, "half")).containsExactly(1, 0, 0);
      for (StoredTensor tensor : weights.tensors()) {
        assertThat(tensor.offset() % tensor.type().bytes()).as(tensor.toString()).isZero();
      }
    }
  }

  @Test
  void everyNumberFormatConverts() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putDouble(-1.5).putLong(-7).putLong(-1L).putInt(-3).putInt(-1).putFloat(0.25f);
    bytes
        .putShort((short) 0x3f80)
        .putShort((short) 0xc000)
        .putShort((short) -2)
        .putShort((short) -1);
    bytes.put((byte) -1).put((byte) -1).put((byte) 2);
    List<StoredType> order =
        List.of(
            StoredType.F64,
            StoredType.I64,
            StoredType.U64,
            StoredType.I32,
            StoredType.U32,
            StoredType.F32,
            StoredType.BF16,
            StoredType.F16,
            StoredType.I16,
            StoredType.U16,
            StoredType.U8,
            StoredType.I8,
            StoredType.BOOL);
    float[] expected = {-1.5f, -7, 0x1p64f, -3, 0x1p32f, 0.25f, 1, -2, -2, 65535, 255, -1, 1};
    List<Outgoing> tensors = new ArrayList<>();
    int from = 0;
    for (StoredType type : order) {
      MemorySegment one = MemorySegment.ofArray(bytes.array()).asSlice(from, type.bytes());
      tensors.add(Outgoing.of(type.name(), type, new long[] {1}, one));
      from += type.bytes();
    }
    Path file = folder.resolve("types.safetensors");
    SafetensorsWriter.write(file, Map.of(), tensors);
    try (Safetensors weights = Safetensors.open(file)) {
      for (int i = 0; i < expected.length; i++) {
        assertThat(read(weights, order.get(i).name()))
            .as(order.get(i).name())
            .containsExactly(expected[i]);
      }
    }
  }

  @Test
  void everyHalfConvertsToTheNumberItMeans() throws IOException {
    short[] all = new short[1 << 16];
    for (int i = 0; i < all.length; i++) {
      all[i] = (short) i;
    }
    Path file = folder.resolve("halves.safetensors");
    SafetensorsWriter.write(
        file,
        Map.of(),
        List.of(
            Outgoing.of("h", StoredType.F16, new long[] {all.length}, MemorySegment.ofArray(all))));
    try (Safetensors weights = Safetensors.open(file)) {
      float[] values = read(weights, "h");
      for (int i = 0; i < all.length; i++) {
        int exponent = i >> 10 & 31;
        int fraction = i & 1023;
        double magnitude =
            switch (exponent) {
              case 0 -> Math.scalb((double) fraction, -24);
              case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
              default -> Math.scalb(1024.0 + fraction, exponent - 25);
            };
        float expected = (float) (i < 1 << 15 ? magnitude : -magnitude);
        if (Float.compare(values[i], expected) != 0) {
          fail("half %x became %s instead of %s", i, values[i], expected);
        }
      }
    }
  }

  @Test
  void sizesThatDoNotFitAreRefused() throws IOException {
    Path file = folder.resolve("one.safetensors");
    SafetensorsWriter.write(
        file, Map.of(), List.of(Outgoing.of("x", StoredType.F32, new long[] {2}, floats(1, 2))));
    try (Safetensors weights = Safetensors.open(file)) {
      assertThatThrownBy(() -> weights.readFloats("x", floats(0, 0, 0)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("need 8 bytes");
      assertThatThrownBy(() -> weights.readFloats("y", floats(0)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no tensor is named y");
    }
    assertThatThrownBy(() -> Outgoing.of("x", StoredType.F32, new long[] {3}, floats(1, 2)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() ->
            SafetensorsWriter.write(
                file,
                Map.of(),
                List.of(
                    Outgoing.of("x", StoredType.F32, new long[] {1}, floats(1)),
                    Outgoing.of("x", StoredType.F32, new long[] {1}, floats(1)))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("x is taken");
  }

  @Test
  void aFailedWriteLeavesTheOldFile() throws IOException {
    Path file = folder.resolve("model.safetensors");
    SafetensorsWriter.write(
        file, Map.of(), List.of(Outgoing.of("x", StoredType.F32, new long[] {1}, floats(5))));
    Outgoing failing =
        new Outgoing(
            "x",
            StoredType.F32,
            new long[] {1},
            out -> {
              throw new IOException("disk full");
            });
    assertThatThrownBy(() -> SafetensorsWriter.write(file, Map.of(), List.of(failing)))
        .hasMessage("disk full");
    Outgoing lying = new Outgoing("x", StoredType.F32, new long[] {1}, out -> {});
    assertThatThrownBy(() -> SafetensorsWriter.write(file, Map.of(), List.of(lying)))
        .isInstanceOf(IllegalStateException.class);
    try (Safetensors weights = Safetensors.open(file)) {
      assertThat(read(weights, "x")).containsExactly(5);
    }
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void shardsOpenAsOneModel() throws IOException {
    Path first = folder.resolve("model-00001-of-00002.safetensors");
    Path second = folder.resolve("model-00002-of-00002.safetensors");
    SafetensorsWriter.write(
        first, Map.of(), List.of(Outgoing.of("a", StoredType.F32, new long[] {1}, floats(1))));
    SafetensorsWriter.write(
        second,
        Map.of(),
        List.of(
            Outgoing.of("b", StoredType.F32, new long[] {1}, floats(2)),
            Outgoing.of("c", StoredType.F32, new long[] {1}, floats(3))));
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        """
        {"metadata": {"total_size": 12},
         "weight_map": {"c": "model-00002-of-00002.safetensors", "a": "model-00001-of-00002.safetensors",
                        "b": "model-00002-of-00002.safetensors"}}
        """);
    try (Safetensors weights = Safetensors.open(folder)) {
      assertThat(weights.tensors()).extracting(StoredTensor::name).containsExactly("c", "a", "b");
      assertThat(read(weights, "a")).containsExactly(1);
      assertThat(read(weights, "b")).containsExactly(2);
      assertThat(read(weights, "c")).containsExactly(3);
    }
  }

  @Test
  void slicesFailAfterClosing() throws IOException {
    Path file = folder.resolve("model.safetensors");
    SafetensorsWriter.write(
        file, Map.of(), List.of(Outgoing.of("x", StoredType.F32, new long[] {1}, floats(5))));
    Safetensors weights = Safetensors.open(file);
    MemorySegment slice = weights.find("x").orElseThrow().data();
    weights.close();
    assertThatThrownBy(() -> slice.get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aFolderWithoutWeightsSaysSo() {
    assertThatThrownBy(() -> Safetensors.open(folder))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("holds no safetensors weights");
  }

  @Test
  void aTrainedModelOpens() throws IOException {
    Path model =
        Path.of(System.getProperty("lungo.testdata", "../shared/data"), "models", "stories260K");
    assumeTrue(Files.exists(model), "missing test data: models/stories260K");
    try (Safetensors weights = Safetensors.open(model);
        Arena arena = Arena.ofConfined()) {
      StoredTensor embedding = weights.find("model.embed_tokens.weight").orElseThrow();
      assertThat(embedding.shape()).containsExactly(512, 64);
      MemorySegment values = arena.allocate(4 * embedding.elements());
      embedding.readFloats(values);
      double sum = 0;
      for (long i = 0; i < embedding.elements(); i++) {
        double value = values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        sum += value * value;
      }
      // The trained embedding has a root mean square of about a tenth; garbage or zeros would not.
      assertThat(Math.sqrt(sum / embedding.elements())).isBetween(0.01, 1.0);
      assertThat(weights.tensors()).hasSize(5 * 9 + 2);
    }
  }
}
