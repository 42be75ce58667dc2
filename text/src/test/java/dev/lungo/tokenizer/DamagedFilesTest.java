package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Changes files at random: each must load, or fail as a malformed file, and quickly.
@Timeout(120)
final class DamagedFilesTest {
  private static final int ROUNDS = 400;

  @TempDir Path folder;

  private static final BytePairTokenizer TRAINED =
      new BpeTrainer(BpeTrainer.Settings.ofSize(300, 1)).train(BpeTrainerTest.texts(10, 4));

  private void damage(Path file, Path opened) throws IOException {
    byte[] good = Files.readAllBytes(file);
    Random random = new Random(good.length);
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      byte[] bad = damaged(good, random);
      Files.write(file, bad);
      try {
        Tokenizer tokenizer = TokenizerFiles.load(opened);
        tokenizer.encode("some text 123\n");
      } catch (MalformedFileException e) {
        refused++;
        assertThat(e.getMessage()).contains(file.getParent().toString());
        assertThat(e.field()).isNotEmpty();
      } catch (IllegalArgumentException e) {
        // A damaged expression may backtrack without end; a damaged character may be missing.
        assertThat(e.getMessage()).containsAnyOf("pre-tokenizer", "is not among");
      }
    }
    assertThat(refused).as("damaged files refused").isGreaterThan(ROUNDS / 4);
  }

  private static byte[] damaged(byte[] good, Random random) {
    byte[] bad = good.clone();
    switch (random.nextInt(4)) {
      case 0 -> bad = Arrays.copyOf(good, random.nextInt(good.length));
      case 1 -> {
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
          bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
        }
      }
      case 2 -> {
        int from = random.nextInt(bad.length);
        int length = Math.min(bad.length - from, 1 + random.nextInt(40));
        System.arraycopy(good, random.nextInt(good.length - length + 1), bad, from, length);
      }
      default -> {
        byte[] tokens = "[]{}\",:0198765-e \n".getBytes(StandardCharsets.US_ASCII);
        bad[random.nextInt(bad.length)] = tokens[random.nextInt(tokens.length)];
      }
    }
    return bad;
  }

  @Test
  void tokenizerJson() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    TRAINED.save(file);
    damage(file, file);
  }

  @Test
  void characterJson() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    CharacterTokenizer.of("some text 0123456789\n").save(file);
    damage(file, file);
  }

  @Test
  void tiktoken() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int id = 0; id < TRAINED.vocabulary().size(); id++) {
      lines
          .append(Base64.getEncoder().encodeToString(TRAINED.bytesOf(id)))
          .append(' ')
          .append(id)
          .append('\n');
    }
    Path file = folder.resolve("r50k_small.tiktoken");
    Files.writeString(file, lines);
    assertThat(TokenizerFiles.load(file).vocabularySize()).isEqualTo(300);
    damage(file, file);
  }

  @ParameterizedTest
  @ValueSource(strings = {"encoder.json", "vocab.bpe"})
  void gpt2Files(String damagedName) throws IOException {
    StringBuilder vocabulary = new StringBuilder("{");
    for (int id = 0; id < 299; id++) {
      String name = TRAINED.nameOf(id).replace("\\", "\\\\").replace("\"", "\\\"");
      vocabulary.append('"').append(name).append("\": ").append(id).append(", ");
    }
    Files.writeString(folder.resolve("encoder.json"), vocabulary + "\"<|endoftext|>\": 299}");
    StringBuilder merges = new StringBuilder("#version: 0.2\n");
    int[] triples = TRAINED.definition().merges();
    for (int i = 0; i < triples.length; i += 3) {
      merges
          .append(TRAINED.nameOf(triples[i]))
          .append(' ')
          .append(TRAINED.nameOf(triples[i + 1]))
          .append('\n');
    }
    Files.writeString(folder.resolve("vocab.bpe"), merges);
    assertThat(TokenizerFiles.load(folder).endOfText()).hasValue(299);
    damage(folder.resolve(damagedName), folder);
  }

  @Test
  void llama2cFile() throws IOException {
    ByteBuffer out = ByteBuffer.allocate(1 << 14).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(8);
    for (int id = 0; id < 300; id++) {
      String name =
          id < 3
              ? List.of("<unk>", "\n<s>\n", "\n</s>\n").get(id)
              : id < 259 ? "<0x%02X>".formatted(id - 3) : "t" + id;
      byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
      out.putFloat(-id).putInt(bytes.length).put(bytes);
    }
    Path file = folder.resolve("tok.bin");
    Files.write(file, Arrays.copyOf(out.array(), out.position()));
    assertThat(TokenizerFiles.load(file).vocabularySize()).isEqualTo(300);
    damage(file, file);
  }

  @ParameterizedTest
  @ValueSource(strings = {"unigram", "bpe", "unigram-bytes"})
  void sentencePieceModel(String name) throws IOException {
    Path file = folder.resolve("tokenizer.model");
    Files.write(file, SentencePieceFileTest.resource(name + ".model"));
    damage(file, file);
  }

  @ParameterizedTest
  @ValueSource(strings = {"unigram", "bpe"})
  void pipelineJson(String name) throws IOException {
    Path model = folder.resolve("tokenizer.model");
    Files.write(model, SentencePieceFileTest.resource(name + ".model"));
    Path file = folder.resolve("tokenizer.json");
    TokenizerFiles.load(model).save(file);
    damage(file, file);
  }

  @Test
  void tokenizerConfiguration() throws IOException {
    Path file = folder.resolve("tokenizer_config.json");
    TRAINED.save(folder.resolve("tokenizer.json"));
    Files.writeString(
        file,
        "{\"add_bos_token\": true, \"bos_token\": {\"content\": \"<|endoftext|>\"}, \"chat_template\": \"{{ x }}\"}");
    damage(file, folder.resolve("tokenizer.json"));
  }

  /// A field of the given number and type, and a length that no file has.
  @ParameterizedTest
  @ValueSource(ints = {0x0a, 0x12, 0x1a, 0x0b, 0x0f})
  void lengthsBeyondTheFileAreRefused(int tag) throws IOException {
    byte[] huge = {
      (byte) tag,
      (byte) 0x80,
      (byte) 0x80,
      (byte) 0x80,
      (byte) 0x80,
      (byte) 0x80,
      (byte) 0x80,
      (byte) 0x80,
      (byte) 0x80,
      0x10
    };
    Path file = Files.write(folder.resolve("tokenizer.model"), huge);
    assertThatThrownBy(() -> TokenizerFiles.load(file)).isInstanceOf(MalformedFileException.class);
    byte[] negative = {(byte) tag, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1};
    Files.write(file, negative);
    assertThatThrownBy(() -> TokenizerFiles.load(file)).isInstanceOf(MalformedFileException.class);
  }

  /// Arrays of -1 and 2^60 elements, strings of 2^60 bytes.
  @ParameterizedTest
  @ValueSource(longs = {-1, 1L << 60, Integer.MAX_VALUE})
  void ggufListsBeyondTheFileAreRefused(long count) throws IOException {
    for (String key : List.of("tokens", "scores", "merges", "precompiled_charsmap")) {
      for (int element : new int[] {0, 6, 8}) {
        ByteBuffer out = ByteBuffer.allocate(200).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0x46554747).putInt(3).putLong(0).putLong(1);
        byte[] name = ("tokenizer.ggml." + key).getBytes(StandardCharsets.US_ASCII);
        out.putLong(name.length).put(name).putInt(9).putInt(element).putLong(count);
        Path file = Files.write(folder.resolve("model.gguf"), out.array());
        assertThatThrownBy(() -> TokenizerFiles.load(file))
            .isInstanceOf(MalformedFileException.class);
      }
    }
  }

  @Test
  void gguf() throws IOException {
    byte[] real = Files.readAllBytes(TestData.file("models/stories260K/stories260K.gguf"));
    Path file = folder.resolve("model.gguf");
    Files.write(file, Arrays.copyOf(real, 16_000));
    damage(file, file);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[]",
        "{\"model\": 3}",
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 2000000000}, \"merges\": []}}",
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"a\": 1}, \"merges\": []}}",
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [[\"a\", \"b\"]]}}",
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a\"]}}",
        "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0.5]]}}",
        "{\"model\": {\"type\": \"Unigram\", \"unk_id\": 5, \"vocab\": [[\"a\", -1]]}}",
        "{\"model\": {\"type\": \"Unigram\", \"unk_id\": -1, \"vocab\": [[\"a\", -1]]}}",
        "{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"a\", -1], [\"a\", -2]]}}",
        "{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"a\", 1e999]]}}",
        "{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"a\", -1, 2]]}}",
        "{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [\"a\"]}}",
        "{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": []}}",
        "{\"model\": {\"type\": \"BPE\", \"byte_fallback\": true, \"vocab\": {\"a\": 0, \"b\": 0}, \"merges\": []}}",
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [], \"end_of_word_suffix\": \"</w>\"}}",
        "{\"model\": {\"type\": \"WordPiece\", \"vocab\": {\"a\": 0}}}",
        "{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"ab\": 0}}}",
        "{\"model\": {\"type\": \"WordLevel\", \"vocab\": {}}}",
        "{\"added_tokens\": [{\"id\": -1, \"content\": \"x\"}], \"model\": {}}",
        "{\"added_tokens\": [{\"id\": 1}], \"model\": {}}"
      })
  void impossibleDocumentsAreRefused(String json) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, json);
    assertThatThrownBy(() -> TokenizerFiles.load(file)).isInstanceOf(MalformedFileException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\0\0\0", "\0{\0\0", "\0\0{\0", "\0\0\0{", "{\0\"\0", "\0{\0\""})
  void otherEncodingsAreRefused(String text) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> TokenizerFiles.load(file)).isInstanceOf(MalformedFileException.class);
  }

  @Test
  void deepNestingIsRefused() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    for (String part : List.of("normalizer", "pre_tokenizer", "decoder", "model", "other")) {
      for (String opening : List.of("[", "{\"a\":", "{\"type\":\"Sequence\",\"decoders\":[")) {
        Files.writeString(file, "{\"" + part + "\": " + opening.repeat(10_000));
        assertThatThrownBy(() -> TokenizerFiles.load(file))
            .isInstanceOf(MalformedFileException.class);
      }
    }
  }

  @Test
  void missingFilesSayWhatIsMissing() {
    assertThatThrownBy(() -> TokenizerFiles.load(folder.resolve("none.json")))
        .hasMessageContaining("none.json");
    assertThatThrownBy(() -> TokenizerFiles.load(folder))
        .hasMessageContaining("holds no tokenizer.json");
  }
}
