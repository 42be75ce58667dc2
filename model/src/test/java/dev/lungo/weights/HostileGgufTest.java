package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lungo.file.MalformedFileException;
import dev.lungo.model.LanguageModel;
import dev.lungo.weights.GgufBytes.TensorAt;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// GGUF files whose header is well-formed and whose model cannot be.
class HostileGgufTest {
  @TempDir private Path folder;

  private Path write(GgufBytes bytes) throws IOException {
    return Files.write(folder.resolve("model.gguf"), bytes.bytes());
  }

  private MalformedFileException refusal(GgufBytes bytes) throws IOException {
    Path file = write(bytes);
    MalformedFileException refusal =
        catchThrowableOfType(MalformedFileException.class, () -> ModelFiles.load(file).close());
    assertThat(refusal).as("a refusal").isNotNull();
    assertThat(refusal.file()).isEqualTo(file.toString());
    assertThat(refusal.offset()).isBetween(0L, Files.size(file));
    return refusal;
  }

  @Test
  void theGoodFileIsGood() throws IOException {
    try (LanguageModel model = ModelFiles.load(write(GgufBytes.llama()))) {
      assertThat(model.config().width()).isEqualTo(32);
    }
  }

  @Test
  void rowsThatAreNoWholeBlocksAreRefused() throws IOException {
    // Rows of 48 are one and a half blocks of 32.
    GgufBytes bytes = GgufBytes.llama().with("llama.feed_forward_length", 48);
    bytes
        .with("blk.0.ffn_gate.weight", new TensorAt(GgufBytes.F32, 0, 32, 48))
        .with("blk.0.ffn_up.weight", new TensorAt(GgufBytes.F32, 6144, 32, 48))
        .with("blk.0.ffn_down.weight", new TensorAt(GgufBytes.Q8_0, 12288, 48, 32));
    long at = 32 * 1024;
    for (String name : List.copyOf(bytes.tensors.keySet())) {
      if (!name.contains("ffn_") || name.contains("norm")) {
        TensorAt old = bytes.tensors.get(name);
        bytes.with(name, new TensorAt(old.type(), at, old.dimensions()));
        at += 8192;
      }
    }
    bytes.dataBytes = at;
    MalformedFileException refusal = refusal(bytes);
    assertThat(refusal.field()).isEqualTo("tensor blk.0.ffn_down.weight");
    assertThat(refusal).hasMessageContaining("rows of 48 are no whole blocks of 32");
    assertThat(refusal.offset()).isPositive();
  }

  @Test
  void tensorsThatShareBytesAreRefused() throws IOException {
    GgufBytes bytes = GgufBytes.llama();
    TensorAt up = bytes.tensors.get("blk.0.ffn_up.weight");
    bytes.with("blk.0.ffn_gate.weight", new TensorAt(GgufBytes.F32, up.offset() - 32, 32, 64));
    assertThat(refusal(bytes)).hasMessageContaining(", within blk.0.ffn_gate.weight, which takes");
    bytes.with("blk.0.ffn_gate.weight", new TensorAt(GgufBytes.F32, up.offset(), 32, 64));
    assertThat(refusal(bytes)).hasMessageContaining("within ");
  }

  @Test
  void offsetsPastTheEndAreRefused() throws IOException {
    GgufBytes bytes = GgufBytes.llama();
    for (long offset : new long[] {bytes.dataBytes, 1L << 40, 1L << 60}) {
      bytes.with("blk.0.ffn_down.weight", new TensorAt(GgufBytes.F32, offset, 64, 32));
      assertThat(refusal(bytes)).hasMessageContaining("but the file ends at ");
    }
    bytes.with("blk.0.ffn_down.weight", new TensorAt(GgufBytes.F32, Long.MAX_VALUE - 31, 64, 32));
    assertThat(refusal(bytes).field()).isEqualTo("tensor blk.0.ffn_down.weight");
  }

  @Test
  void shapesAndTypesOtherThanTheModelsAreRefused() throws IOException {
    GgufBytes bytes = GgufBytes.llama();
    long at = bytes.tensors.get("blk.0.attn_q.weight").offset();
    bytes.with("blk.0.attn_q.weight", new TensorAt(GgufBytes.F32, at, 32, 31));
    assertThat(refusal(bytes)).hasMessageContaining("has the shape [31, 32]");
    bytes.with("blk.0.attn_q.weight", new TensorAt(77, at, 32, 32));
    assertThat(refusal(bytes)).hasMessageContaining("has the type 77");
    bytes.tensors.remove("blk.0.attn_q.weight");
    assertThat(refusal(bytes)).hasMessageContaining("blk.0.attn_q.weight: is missing");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 1_000_000_000})
  void sizesThatNoModelHasAreRefused(int size) throws IOException {
    for (String name : List.of("block_count", "feed_forward_length", "context_length")) {
      assertThat(refusal(GgufBytes.llama().with("llama." + name, size)).getMessage())
          .containsAnyOf(name, "sizes");
    }
    assertThat(refusal(GgufBytes.llama().with("llama.attention.head_count", size)).offset())
        .isNotNegative();
  }

  @Test
  void numbersThatAreNoneAreRefused() throws IOException {
    for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 0, -1}) {
      assertThat(refusal(GgufBytes.llama().with("llama.rope.freq_base", value)).getMessage())
          .containsAnyOf("ropeBase", "rope.freq_base");
    }
    String epsilon = "llama.attention.layer_norm_rms_epsilon";
    assertThat(refusal(GgufBytes.llama().with(epsilon, Float.NaN)).field()).isEqualTo(epsilon);
  }

  @Test
  void entriesOfOtherTypesAreRefusedWhereTheyStand() throws IOException {
    MalformedFileException refusal =
        refusal(GgufBytes.llama().with("llama.block_count", List.of(1, 2)));
    assertThat(refusal.field()).endsWith("block_count");
    assertThat(refusal.offset()).isPositive();
    assertThat(refusal(GgufBytes.llama().with("general.architecture", 7)).field())
        .isEqualTo("general.architecture");
    assertThat(refusal(GgufBytes.llama().with("llama.rope.freq_base", "x")).offset()).isPositive();
  }

  @Test
  void listsThatTheHeapCannotHoldAreRefused() throws IOException {
    // Each element of one byte becomes an object. The file has a hole instead of zeros.
    long elements = Math.min(1L << 29, Runtime.getRuntime().maxMemory() / 2) / 32;
    byte[] begin = GgufBytes.llama().with("x", Collections.nCopies(1, true)).bytes();
    Path file = Files.write(folder.resolve("model.gguf"), begin);
    int at = indexOf(begin, new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 'x'}) + 9 + 4 + 4;
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.seek(at);
      out.writeLong(Long.reverseBytes(elements));
      out.setLength(at + 8 + elements + 100);
    }
    assertThatThrownBy(() -> ModelFiles.load(file))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining(" bytes of the heap; is the file damaged?");
  }

  private static int indexOf(byte[] all, byte[] part) {
    for (int i = 0; i + part.length <= all.length; i++) {
      if (Arrays.equals(all, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    throw new IllegalArgumentException("not there");
  }

  @Test
  void fileThatShrinksWhileItIsOpenIsAnErrorAndNoCrash() throws IOException {
    GgufBytes bytes = GgufBytes.llama();
    Path file = write(bytes);
    try (LanguageModel model = ModelFiles.load(file)) {
      MemorySegment weights = model.parameters().all().getLast().tensor().data();
      try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
        out.setLength(0);
      }
      assertThatThrownBy(model.parameters()::requireWhole)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("to 0 bytes while it was open");
      assertThatThrownBy(
              () -> {
                float sum = 0;
                for (long i = 0; i < weights.byteSize() / 4; i++) {
                  sum += weights.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
                }
                throw new IllegalStateException("summed up to " + sum);
              })
          .isInstanceOf(InternalError.class)
          .hasMessageContaining("unsafe memory access");
    }
  }
}
