package dev.lungo.fuzz;

import dev.lungo.corpus.TokenShardWriter;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.optim.Optimizer;
import dev.lungo.tokenizer.BpeTrainer;
import dev.lungo.tokenizer.BytePairTokenizer;
import dev.lungo.tokenizer.SpecialMode;
import dev.lungo.tokenizer.TokenBuffer;
import dev.lungo.train.Checkpoint;
import dev.lungo.weights.ModelFolder;
import dev.lungo.weights.SpecialTokenIds;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;

/// Small whole files of each format, for the fuzzer to start from.
final class Seeds {
  private static final int GGUF_STRING = 8;
  private static final int GGUF_FLOAT = 6;
  private static final int GGUF_INT = 5;

  static final LlamaConfig CONFIG =
      new LlamaConfig(4, 2, 1, 1, 1, 2, 2, 4, 1e-5f, 10_000, true, RotaryLayout.HALVES);

  private Seeds() {}

  private static byte[] written(String name, Reading.Reader writer) {
    try {
      Path file = Reading.folder().resolve(name);
      writer.read(file);
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static byte[] config() {
    return written(
        "config.json",
        file -> {
          try (LanguageModel model = LanguageModel.create(CONFIG, false)) {
            ModelFolder.save(
                Reading.folder(),
                model,
                new SpecialTokenIds(OptionalInt.of(1), List.of(2, 3), OptionalInt.empty()));
          }
        });
  }

  static byte[] gpt2Config() {
    return "{\"model_type\":\"gpt2\",\"vocab_size\":3,\"n_embd\":48,\"n_layer\":3,\"n_head\":3,\"n_positions\":6}"
        .getBytes(StandardCharsets.UTF_8);
  }

  static byte[] safetensors() {
    config();
    return written("model.safetensors", file -> {});
  }

  static byte[] checkpoint(LanguageModel model, List<Optimizer> optimizers) {
    return written(
        "training-state.safetensors",
        file ->
            Checkpoint.save(
                file, new Checkpoint.Position(7, 1.5, OptionalLong.of(9)), model, optimizers));
  }

  static BytePairTokenizer tokenizer() {
    return new BpeTrainer(BpeTrainer.Settings.ofSize(262, 1))
        .train(List.of("one two one two three", "two three two one"));
  }

  static byte[] tokenizerJson() {
    return written("tokenizer.json", file -> tokenizer().save(file));
  }

  static byte[] tiktoken() {
    BytePairTokenizer tokenizer = tokenizer();
    StringBuilder lines = new StringBuilder();
    for (int id = 0; id < 261; id++) {
      lines.append(Base64.getEncoder().encodeToString(tokenizer.bytesOf(id)));
      lines.append(' ').append(id).append('\n');
    }
    return lines.toString().getBytes(StandardCharsets.UTF_8);
  }

  static byte[] shard() {
    BytePairTokenizer tokenizer = tokenizer();
    return written(
        "tokens.bin",
        file ->
            TokenShardWriter.write(
                file,
                tokenizer,
                shard -> {
                  TokenBuffer ids = new TokenBuffer();
                  tokenizer.encode("one two", SpecialMode.TEXT, ids);
                  shard.append(ids, 7, 1);
                }));
  }

  /// A model of llama2.c with two tokens: seven sizes and the weights.
  static byte[] llama2c() {
    int weights = 4 + 2 + 4 * 4 + 2 + 3 * 4 + 2 + 2 * 4;
    ByteBuffer bytes = ByteBuffer.allocate(28 + 4 * weights).order(ByteOrder.LITTLE_ENDIAN);
    for (int size : new int[] {2, 2, 1, 1, 1, 2, 4}) {
      bytes.putInt(size);
    }
    return bytes.array();
  }

  static byte[] llama2cTokenizer() {
    ByteBuffer out = ByteBuffer.allocate(1 << 13).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(6);
    Stream<String> control = Stream.of("<unk>", "\n<s>\n", "\n</s>\n");
    Stream<String> bytes = Stream.iterate(0, i -> i < 256, i -> i + 1).map("<0x%02X>"::formatted);
    Stream.concat(Stream.concat(control, bytes), Stream.of("a", "b", "ab"))
        .forEach(name -> {
          byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
          out.putFloat(-1).putInt(utf8.length).put(utf8);
        });
    byte[] whole = new byte[out.position()];
    out.get(0, whole);
    return whole;
  }

  /// A GGUF file with a model of one tensor and a SentencePiece vocabulary of a few tokens.
  static byte[] gguf() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    List<String> names = List.of("<unk>", "<s>", "</s>", "<0x00>", "a", "b", "ab");
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    numbers(out, 3, 4, 1, 8, 7, 8);
    entry(out, "general.architecture", "llama");
    entry(out, "tokenizer.ggml.model", "llama");
    list(out, "tokenizer.ggml.tokens", GGUF_STRING, names.size());
    names.forEach(name -> text(out, name));
    list(out, "tokenizer.ggml.scores", GGUF_FLOAT, names.size());
    names.forEach(name -> numbers(out, Float.floatToIntBits(-1), 4));
    list(out, "tokenizer.ggml.token_type", GGUF_INT, names.size());
    for (int type : new int[] {2, 3, 3, 6, 1, 1, 1}) {
      numbers(out, type, 4);
    }
    text(out, "tokenizer.ggml.bos_token_id");
    numbers(out, GGUF_INT, 4, 1, 4);
    text(out, "general.alignment");
    numbers(out, 4, 4, 32, 4);
    text(out, "token_embd.weight");
    numbers(out, 2, 4, 2, 8, 7, 8, 0, 4, 0, 8);
    out.writeBytes(new byte[32 - out.size() % 32 + 64]);
    return out.toByteArray();
  }

  /// A GGUF file with a byte-level vocabulary and merges.
  static byte[] ggufBytePair() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BytePairTokenizer tokenizer = tokenizer();
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    numbers(out, 3, 4, 0, 8, 5, 8);
    entry(out, "tokenizer.ggml.model", "gpt2");
    entry(out, "tokenizer.ggml.pre", "qwen2");
    list(out, "tokenizer.ggml.tokens", GGUF_STRING, 261);
    for (int id = 0; id < 261; id++) {
      text(out, tokenizer.nameOf(id));
    }
    list(out, "tokenizer.ggml.token_type", GGUF_INT, 261);
    for (int id = 0; id < 261; id++) {
      numbers(out, 1, 4);
    }
    int[] merges = tokenizer.definition().merges();
    list(out, "tokenizer.ggml.merges", GGUF_STRING, merges.length / 3);
    for (int i = 0; i < merges.length; i += 3) {
      text(out, tokenizer.nameOf(merges[i]) + " " + tokenizer.nameOf(merges[i + 1]));
    }
    return out.toByteArray();
  }

  private static void entry(ByteArrayOutputStream out, String name, String value) {
    text(out, name);
    numbers(out, GGUF_STRING, 4);
    text(out, value);
  }

  private static void list(ByteArrayOutputStream out, String name, int type, int count) {
    text(out, name);
    numbers(out, 9, 4, type, 4, count, 8);
  }

  private static void text(ByteArrayOutputStream out, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    numbers(out, utf8.length, 8);
    out.writeBytes(utf8);
  }

  /// Writes numbers, each followed by how many bytes it takes.
  private static void numbers(ByteArrayOutputStream out, int... valuesAndBytes) {
    for (int i = 0; i < valuesAndBytes.length; i += 2) {
      byte[] bytes = new byte[valuesAndBytes[i + 1]];
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(valuesAndBytes[i]);
      out.writeBytes(bytes);
    }
  }
}
