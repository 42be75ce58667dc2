package dev.lungo.weights;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Puts the bytes of a GGUF file together: a tiny Llama, to be bent by tests.
final class GgufBytes {
  static final int F32 = 0;
  static final int Q8_0 = 8;

  /// @param dimensions the one that varies fastest first, as the file has them
  record TensorAt(int type, long offset, long... dimensions) {}

  private static final int ALIGNMENT = 32;

  final Map<String, Object> metadata = new LinkedHashMap<>();
  final Map<String, TensorAt> tensors = new LinkedHashMap<>();
  long dataBytes;

  /// Returns a Llama of one layer with 8 tokens.
  static GgufBytes llama() {
    GgufBytes file = new GgufBytes();
    file.metadata.put("general.architecture", "llama");
    file.metadata.put("llama.embedding_length", 32);
    file.metadata.put("llama.block_count", 1);
    file.metadata.put("llama.feed_forward_length", 64);
    file.metadata.put("llama.attention.head_count", 2);
    file.metadata.put("llama.attention.head_count_kv", 1);
    file.metadata.put("llama.context_length", 16);
    file.metadata.put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    file.add("token_embd.weight", 32, 8);
    file.add("output_norm.weight", 32);
    file.add("blk.0.attn_norm.weight", 32);
    file.add("blk.0.attn_q.weight", 32, 32);
    file.add("blk.0.attn_k.weight", 32, 16);
    file.add("blk.0.attn_v.weight", 32, 16);
    file.add("blk.0.attn_output.weight", 32, 32);
    file.add("blk.0.ffn_norm.weight", 32);
    file.add("blk.0.ffn_gate.weight", 32, 64);
    file.add("blk.0.ffn_up.weight", 32, 64);
    file.add("blk.0.ffn_down.weight", 64, 32);
    return file;
  }

  private void add(String name, long... dimensions) {
    tensors.put(name, new TensorAt(F32, dataBytes, dimensions));
    long bytes = Float.BYTES;
    for (long dimension : dimensions) {
      bytes *= dimension;
    }
    dataBytes += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  GgufBytes with(String name, Object value) {
    metadata.put(name, value);
    return this;
  }

  GgufBytes with(String name, TensorAt tensor) {
    tensors.put(name, tensor);
    return this;
  }

  byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(number(3, 4));
    out.writeBytes(number(tensors.size(), 8));
    out.writeBytes(number(metadata.size(), 8));
    metadata.forEach((name, value) -> {
      text(out, name);
      entry(out, value);
    });
    tensors.forEach((name, tensor) -> {
      text(out, name);
      out.writeBytes(number(tensor.dimensions.length, 4));
      for (long dimension : tensor.dimensions) {
        out.writeBytes(number(dimension, 8));
      }
      out.writeBytes(number(tensor.type, 4));
      out.writeBytes(number(tensor.offset, 8));
    });
    out.writeBytes(new byte[(ALIGNMENT - out.size() % ALIGNMENT) % ALIGNMENT]);
    out.writeBytes(new byte[(int) dataBytes]);
    return out.toByteArray();
  }

  private static void entry(ByteArrayOutputStream out, Object value) {
    int type =
        switch (value) {
          case Integer number -> 4;
          case Float number -> 6;
          case Boolean truth -> 7;
          case String text -> 8;
          case List<?> list -> 9;
          default -> throw new IllegalArgumentException("no type for " + value);
        };
    out.writeBytes(number(type, 4));
    if (value instanceof List<?> list) {
      List<ByteArrayOutputStream> parts = new ArrayList<>();
      for (Object element : list) {
        ByteArrayOutputStream part = new ByteArrayOutputStream();
        entry(part, element);
        parts.add(part);
      }
      out.write(parts.getFirst().toByteArray(), 0, 4);
      out.writeBytes(number(list.size(), 8));
      parts.forEach(part -> out.write(part.toByteArray(), 4, part.size() - 4));
      return;
    }
    switch (value) {
      case Float number -> out.writeBytes(number(Float.floatToRawIntBits(number), 4));
      case Boolean truth -> out.write(truth ? 1 : 0);
      case String text -> text(out, text);
      default -> out.writeBytes(number((Integer) value, 4));
    }
  }

  private static void text(ByteArrayOutputStream out, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeBytes(number(utf8.length, 8));
    out.writeBytes(utf8);
  }

  private static byte[] number(long value, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
    return Arrays.copyOf(buffer.array(), bytes);
  }
}
