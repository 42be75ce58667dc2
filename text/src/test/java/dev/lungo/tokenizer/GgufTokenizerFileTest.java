package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class GgufTokenizerFileTest {
  @TempDir Path folder;

  /// Metadata of a GGUF file without tensors.
  private static final class Metadata {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int count;

    private void number(long value, int bytes) {
      byte[] all = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
      out.write(all, 0, bytes);
    }

    private void text(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      number(utf8.length, 8);
      out.writeBytes(utf8);
    }

    private Metadata key(String name, int type) {
      count++;
      text("tokenizer.ggml." + name);
      number(type, 4);
      return this;
    }

    Metadata with(String name, String value) {
      key(name, 8).text(value);
      return this;
    }

    Metadata with(String name, boolean value) {
      key(name, 7).number(value ? 1 : 0, 1);
      return this;
    }

    Metadata with(String name, int value) {
      key(name, 4).number(value, 4);
      return this;
    }

    Metadata strings(String name, List<String> values) {
      key(name, 9).number(8, 4);
      number(values.size(), 8);
      values.forEach(this::text);
      return this;
    }

    Metadata ints(String name, int... values) {
      key(name, 9).number(5, 4);
      number(values.length, 8);
      for (int value : values) {
        number(value, 4);
      }
      return this;
    }

    Metadata floats(String name, float... values) {
      key(name, 9).number(6, 4);
      number(values.length, 8);
      for (float value : values) {
        number(Float.floatToIntBits(value), 4);
      }
      return this;
    }

    Metadata bytes(String name, byte[] values) {
      key(name, 9).number(1, 4);
      number(values.length, 8);
      out.writeBytes(values);
      return this;
    }

    Tokenizer load(Path folder) throws IOException {
      ByteArrayOutputStream file = new ByteArrayOutputStream();
      file.writeBytes(
          ByteBuffer.allocate(24)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putInt(0x46554747)
              .putInt(3)
              .putLong(0)
              .putLong(count)
              .array());
      file.writeBytes(out.toByteArray());
      return TokenizerFiles.load(Files.write(folder.resolve("model.gguf"), file.toByteArray()));
    }
  }

  /// The bytes, then ab, then three tokens that stand apart.
  private static Metadata byteLevel() {
    List<String> tokens = new ArrayList<>();
    int[] types = new int[260];
    for (int b = 0; b < 256; b++) {
      tokens.add(ByteAlphabet.write(new byte[] {(byte) b}));
      types[b] = 1;
    }
    tokens.addAll(List.of("ab", "<begin>", "<|im_end|>", "tool"));
    types[256] = 1;
    types[257] = 3;
    types[258] = 3;
    types[259] = 4;
    return new Metadata()
        .with("model", "gpt2")
        .strings("tokens", tokens)
        .ints("token_type", types)
        .strings("merges", List.of("a b"));
  }

  @Test
  void keysSayWhatStandsAroundTexts() throws IOException {
    Tokenizer tokenizer =
        byteLevel()
            .with("pre", "gpt-2")
            .with("bos_token_id", 257)
            .with("eos_token_id", 257)
            .with("eot_token_id", 255)
            .with("add_bos_token", true)
            .with("add_eos_token", true)
            .load(folder);
    assertThat(tokenizer.encode("ab", SpecialMode.FRAME)).containsExactly(257, 256, 257);
    assertThat(tokenizer.encode("tool<begin>")).startsWith(259).doesNotContain(257);
    assertThat(tokenizer.generationEnds()).containsExactly(255, 257, 258);
    assertThat(byteLevel().with("pre", "gpt-2").load(folder).encode("ab", SpecialMode.FRAME))
        .containsExactly(256);
  }

  @Test
  void llamaThreePutsItsBeginBeforeTextsUnlessTheFileSaysOtherwise() throws IOException {
    Metadata metadata = byteLevel().with("pre", "llama-bpe").with("bos_token_id", 257);
    assertThat(metadata.load(folder).encode("ab", SpecialMode.FRAME)).containsExactly(257, 256);
    metadata.with("add_bos_token", false);
    assertThat(metadata.load(folder).encode("ab", SpecialMode.FRAME)).containsExactly(256);
  }

  @Test
  void spaceBeforeTextsIsLeftOutWhereTheFileSaysSo() throws IOException {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "▁", "a", "▁a", "[S]"));
    int[] types = {2, 3, 1, 1, 1, 4};
    Metadata metadata =
        new Metadata()
            .with("model", "llama")
            .strings("tokens", tokens)
            .ints("token_type", types)
            .floats("scores", 0, 0, -1, -2, -3, 0)
            .with("bos_token_id", 1);
    Tokenizer spaced = metadata.load(folder);
    assertThat(spaced.encode("a a", SpecialMode.FRAME)).containsExactly(1, 4, 4);
    assertThat(spaced.encode("axya")).containsExactly(4, 0, 3);
    Tokenizer plain = metadata.with("add_space_prefix", false).load(folder);
    assertThat(plain.encode("a a", SpecialMode.FRAME)).containsExactly(1, 3, 4);
    assertThat(plain.decode(4)).isEqualTo(" a");
    Path saved = folder.resolve("saved.json");
    plain.save(saved);
    assertThat(TokenizerFiles.load(saved).encode("a a[S]a")).isEqualTo(plain.encode("a a[S]a"));
  }

  @Test
  void unigramVocabulariesOfT5AreRead() throws IOException {
    Metadata metadata =
        new Metadata()
            .with("model", "t5")
            .strings("tokens", List.of("<pad>", "</s>", "<unk>", "▁", "a", "b", "▁ab"))
            .ints("token_type", 3, 3, 2, 1, 1, 1, 1)
            .floats("scores", 0, 0, 0, -2, -3, -3, -4)
            .with("eos_token_id", 1)
            .with("add_space_prefix", true)
            .with("remove_extra_whitespaces", true);
    Tokenizer tokenizer = metadata.load(folder);
    assertThat(tokenizer.encode("  ab   ba xx ", SpecialMode.FRAME))
        .containsExactly(6, 3, 5, 4, 3, 2, 1);
    assertThat(tokenizer.decode(6, 3, 5, 4)).isEqualTo("ab ba");
    assertThatThrownBy(
            () -> metadata.bytes("precompiled_charsmap", new byte[] {1, 2, 3}).load(folder))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("precompiled_charsmap");
  }

  @Test
  void gemmaFourJoinsCharacters() throws IOException {
    List<String> tokens = new ArrayList<>(List.of("<pad>", "<unk>", "<bos>", "▁", "a", "▁a", "\n"));
    int[] types = new int[tokens.size() + 256];
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
      types[7 + b] = 6;
    }
    types[0] = 3;
    types[1] = 2;
    types[2] = 3;
    for (int id = 3; id < 7; id++) {
      types[id] = 1;
    }
    Tokenizer tokenizer =
        new Metadata()
            .with("model", "gemma4")
            .strings("tokens", tokens)
            .ints("token_type", types)
            .strings("merges", List.of("▁ a"))
            .with("bos_token_id", 2)
            .with("unknown_token_id", 1)
            .load(folder);
    assertThat(tokenizer.encode("a a\né", SpecialMode.FRAME))
        .containsExactly(2, 4, 5, 6, 7 + 0xc3, 7 + 0xa9);
    assertThat(tokenizer.decode(4, 5, 6, 7 + 0xc3, 7 + 0xa9)).isEqualTo("a a\né");
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "rwkv", "plamo2", "none", "no_vocab", "whitespace"})
  void otherModelsAreRefusedByName(String model) {
    assertThatThrownBy(() -> new Metadata().with("model", model).load(folder))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("tokenizer.ggml.model");
  }

  @Test
  void contradictionsAreRefused() {
    assertThatThrownBy(() -> byteLevel().with("add_bos_token", true).load(folder))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("bos_token_id is missing");
    assertThatThrownBy(() -> byteLevel().with("add_bos_token", "yes").load(folder))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("true or false");
    assertThatThrownBy(() -> byteLevel().with("bos_token_id", 260).load(folder))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("260");
    assertThatThrownBy(() ->
            new Metadata()
                .with("model", "gpt2")
                .strings("tokens", List.of("a", "a"))
                .strings("merges", List.of())
                .load(folder))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("has the ids 0 and 1");
    assertThatThrownBy(() ->
            new Metadata()
                .with("model", "gpt2")
                .strings("tokens", List.of("a", "b"))
                .strings("merges", List.of("a b"))
                .load(folder))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("merge 0 needs \"ab\"");
  }
}
