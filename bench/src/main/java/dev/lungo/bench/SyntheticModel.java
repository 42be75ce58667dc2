package dev.lungo.bench;

import dev.lungo.file.GgufWriter;
import dev.lungo.file.GgufWriter.Outgoing;
import dev.lungo.tensor.DType;
import dev.lungo.tokenizer.GgufTokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/// A Llama of random weights in one GGUF file, to measure on: the time that a model takes does not
/// depend on what it has learned.
///
/// @param name of the file, without the type
record SyntheticModel(
    String name, int width, int layers, int heads, int kvHeads, int feedForward, DType type) {
  private static final int VOCABULARY = 32_000;
  private static final int CONTEXT = 4096;

  /// 143 million parameters, as SmolLM 135M with another vocabulary.
  static SyntheticModel small(DType type) {
    return new SyntheticModel("143m", 576, 30, 9, 3, 1536, type);
  }

  /// 1.1 billion parameters, as TinyLlama.
  static SyntheticModel large(DType type) {
    return new SyntheticModel("1.1b", 2048, 22, 32, 4, 5632, type);
  }

  /// Finds the file in `folder`, or writes it.
  Path in(Path folder) throws IOException {
    Path file = folder.resolve(name + "-" + type.name().toLowerCase(Locale.ROOT) + ".gguf");
    if (!Files.exists(file)) {
      Files.createDirectories(folder);
      Path vocabulary =
          TestData.find("tokenizers/llama-spm/ggml-vocab-llama-spm.gguf")
              .orElseThrow(() ->
                  new IllegalArgumentException(
                      "name GGUF files: without the test data there is no vocabulary for made ones"));
      Map<String, Object> metadata = metadata();
      metadata.putAll(GgufTokenizer.of(TokenizerFiles.load(vocabulary), VOCABULARY).metadata());
      GgufWriter.write(file, metadata, tensors());
    }
    return file;
  }

  private Map<String, Object> metadata() {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", "llama");
    metadata.put("llama.vocab_size", VOCABULARY);
    metadata.put("llama.context_length", CONTEXT);
    metadata.put("llama.embedding_length", width);
    metadata.put("llama.block_count", layers);
    metadata.put("llama.feed_forward_length", feedForward);
    metadata.put("llama.attention.head_count", heads);
    metadata.put("llama.attention.head_count_kv", kvHeads);
    metadata.put("llama.rope.dimension_count", width / heads);
    metadata.put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    return metadata;
  }

  private List<Outgoing> tensors() {
    Random random = new Random(1);
    List<Outgoing> tensors = new ArrayList<>();
    tensors.add(matrix("token_embd.weight", VOCABULARY, width, random));
    for (int layer = 0; layer < layers; layer++) {
      String block = "blk." + layer + ".";
      tensors.add(ones(block + "attn_norm.weight"));
      tensors.add(matrix(block + "attn_q.weight", width, width, random));
      tensors.add(matrix(block + "attn_k.weight", kvHeads * width / heads, width, random));
      tensors.add(matrix(block + "attn_v.weight", kvHeads * width / heads, width, random));
      tensors.add(matrix(block + "attn_output.weight", width, width, random));
      tensors.add(ones(block + "ffn_norm.weight"));
      tensors.add(matrix(block + "ffn_gate.weight", feedForward, width, random));
      tensors.add(matrix(block + "ffn_up.weight", feedForward, width, random));
      tensors.add(matrix(block + "ffn_down.weight", width, feedForward, random));
    }
    tensors.add(ones("output_norm.weight"));
    tensors.add(matrix("output.weight", VOCABULARY, width, random));
    return tensors;
  }

  private Outgoing ones(String name) {
    long bytes = (long) width * Float.BYTES;
    return new Outgoing(
        name,
        new long[] {width},
        0,
        bytes,
        out -> {
          ByteBuffer row = ByteBuffer.allocate((int) bytes);
          MemorySegment numbers = MemorySegment.ofBuffer(row);
          for (int i = 0; i < width; i++) {
            numbers.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, 1);
          }
          writeFully(out, row);
        });
  }

  private Outgoing matrix(String name, int rows, int columns, Random random) {
    // Rows that are no whole blocks get the type that llama.cpp's own quantisation gives them.
    DType own = type == DType.Q4_K && columns % 256 != 0 ? DType.Q5_0 : type;
    return new Outgoing(
        name,
        new long[] {rows, columns},
        number(own),
        own.bytes((long) rows * columns),
        out -> {
          byte[] row = new byte[(int) own.bytes(columns)];
          for (int i = 0; i < rows; i++) {
            random.nextBytes(row);
            scale(own, MemorySegment.ofArray(row));
            writeFully(out, ByteBuffer.wrap(row));
          }
        });
  }

  /// Gives blocks of random bits scales with which their numbers are those of a fresh model.
  private static void scale(DType type, MemorySegment row) {
    int blockBytes = type.format().orElseThrow().blockBytes();
    for (int block = 0; block < row.byteSize(); block += blockBytes) {
      switch (type) {
        case Q8_0 -> half(row, block, 0.02 / 73);
        case Q4_0 -> half(row, block, 0.02 / 4.6);
        case Q5_0 -> half(row, block, 0.02 / 9.2);
        case Q4_K -> {
          half(row, block, 0.02 / 4.6 / 32);
          half(row, block + 2, 0.02 / 4.6 * 7.5 / 32);
        }
        default -> throw new IllegalArgumentException("no made models of " + type);
      }
    }
  }

  private static void half(MemorySegment row, int at, double value) {
    row.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16((float) value));
  }

  private static int number(DType type) {
    return switch (type) {
      case Q8_0 -> 8;
      case Q4_0 -> 2;
      case Q5_0 -> 6;
      case Q4_K -> 12;
      default -> throw new IllegalArgumentException("no made models of " + type);
    };
  }

  private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }
}
