package dev.lungo.weights;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.model.GemmaConfig;
import dev.lungo.model.GemmaGeneration;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.LlamaFamily;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.RopeScaling;
import dev.lungo.nn.Parameter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes small models as GGUF files of float32, with a vocabulary of bytes and letters.
final class TinyGguf {
  private static final int ALIGNMENT = 32;
  private static final int U32 = 4;
  private static final int I32 = 5;
  private static final int F32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private record Stored(String name, int[] shape, float[] values) {}

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final List<Stored> tensors = new ArrayList<>();

  /// Writes all tiny models into a folder, for programs that read GGUF files too.
  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    for (var entry : TinyModels.configs().entrySet()) {
      try (LanguageModel model = TinyModels.random(entry.getValue(), 1)) {
        write(folder.resolve(entry.getKey() + ".gguf"), model, Map.of());
      }
    }
  }

  /// Writes a model.
  ///
  /// @param changes of the metadata, after all else; an empty string takes an entry out
  static void write(Path file, LanguageModel model, Map<String, Object> changes)
      throws IOException {
    TinyGguf gguf = new TinyGguf();
    gguf.describe(model.config());
    gguf.describeVocabulary();
    changes.forEach((name, value) -> {
      if (value.equals("")) {
        gguf.metadata.remove(name);
      } else {
        gguf.metadata.put(name, value);
      }
    });
    for (Parameter parameter : model.parameters().all()) {
      gguf.add(model.config(), parameter);
    }
    Files.write(file, gguf.bytes());
  }

  private void describe(ModelConfig config) {
    switch (config) {
      case LlamaConfig llama -> {
        common(architecture(llama.family()), config, llama.normEpsilon());
        put("rope.freq_base", llama.ropeBase());
        put("rope.dimension_count", llama.rotaryDim());
        put("attention.key_length", llama.headDim());
        put("attention.value_length", llama.headDim());
        if (llama.window() != AttentionShape.UNLIMITED) {
          put("attention.sliding_window", llama.window());
        }
        scaling(llama.ropeScaling(), llama.rotaryDim(), llama.ropeBase());
      }
      case GemmaConfig gemma -> {
        boolean second = gemma.generation() == GemmaGeneration.GEMMA2;
        common(second ? "gemma2" : "gemma3", config, gemma.normEpsilon());
        put("rope.freq_base", gemma.ropeBase());
        put("attention.key_length", gemma.headDim());
        put("attention.value_length", gemma.headDim());
        put("attention.sliding_window", gemma.window());
        if (second) {
          put("attn_logit_softcapping", gemma.scoreCap());
          put("final_logit_softcapping", gemma.logitCap());
        }
        scaling(gemma.ropeScaling(), gemma.headDim(), gemma.ropeBase());
      }
      case Gpt2Config gpt2 -> {
        common("gpt2", config, gpt2.normEpsilon());
        metadata.remove("gpt2.attention.layer_norm_rms_epsilon");
        put("attention.layer_norm_epsilon", gpt2.normEpsilon());
      }
      default -> throw new IllegalArgumentException("no GGUF of " + config);
    }
  }

  private static String architecture(LlamaFamily family) {
    return switch (family) {
      case LLAMA, MISTRAL -> "llama";
      case QWEN2 -> "qwen2";
      case QWEN3 -> "qwen3";
      case PHI3 -> "phi3";
    };
  }

  private void put(String name, Object value) {
    metadata.put(metadata.get("general.architecture") + "." + name, value);
  }

  private void common(String architecture, ModelConfig config, float epsilon) {
    metadata.put("general.architecture", architecture);
    metadata.put("general.name", "tiny");
    put("context_length", config.context());
    put("embedding_length", config.width());
    put("block_count", config.layers());
    put("feed_forward_length", config.feedForward());
    put("attention.head_count", config.heads());
    put("attention.head_count_kv", config.kvHeads());
    put("attention.layer_norm_rms_epsilon", epsilon);
  }

  private void scaling(RopeScaling scaling, int turned, double base) {
    switch (scaling) {
      case RopeScaling.None _ -> {}
      case RopeScaling.Linear linear -> {
        put("rope.scaling.type", "linear");
        put("rope.scaling.factor", (float) linear.factor());
      }
      case RopeScaling.Yarn yarn -> {
        put("rope.scaling.type", "yarn");
        put("rope.scaling.factor", (float) yarn.factor());
        put("rope.scaling.original_context_length", yarn.originalContext());
      }
      case RopeScaling.LongRope longRope -> {
        put("rope.scaling.original_context_length", longRope.originalContext());
        put("rope.scaling.attn_factor", (float) longRope.attentionFactor());
        divisors("rope_factors_short.weight", longRope.shortFactors());
        divisors("rope_factors_long.weight", longRope.longFactors());
      }
      case RopeScaling.Llama3 llama ->
          divisors("rope_freqs.weight", spelledOut(llama, turned, base));
      case RopeScaling.Divisors divisors -> divisors("rope_freqs.weight", divisors.divisors());
      case RopeScaling.Dynamic _ -> throw new IllegalArgumentException("no GGUF of " + scaling);
    }
  }

  private static List<Double> spelledOut(RopeScaling.Llama3 scaling, int turned, double base) {
    double[] plain = RopeScaling.NONE.frequencies(turned, base, 1);
    double[] scaled = scaling.frequencies(turned, base, 1);
    List<Double> divisors = new ArrayList<>();
    for (int i = 0; i < plain.length; i++) {
      divisors.add(plain[i] / scaled[i]);
    }
    return divisors;
  }

  private void divisors(String name, List<Double> divisors) {
    float[] values = new float[divisors.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = divisors.get(i).floatValue();
    }
    tensors.add(new Stored(name, new int[] {values.length}, values));
  }

  private void describeVocabulary() {
    List<Object> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<Object> types = new ArrayList<>(List.of(2, 3, 3));
    for (int value = 0; value < 256; value++) {
      tokens.add(String.format("<0x%02X>", value));
      types.add(6);
    }
    for (int i = 0; tokens.size() < TinyModels.VOCABULARY; i++) {
      tokens.add("▁" + (char) ('a' + i));
      types.add(1);
    }
    List<Object> scores = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      scores.add((float) -i);
    }
    metadata.put("tokenizer.ggml.model", "llama");
    metadata.put("tokenizer.ggml.tokens", tokens);
    metadata.put("tokenizer.ggml.scores", scores);
    metadata.put("tokenizer.ggml.token_type", types);
    metadata.put("tokenizer.ggml.bos_token_id", 1);
    metadata.put("tokenizer.ggml.eos_token_id", 2);
    metadata.put("tokenizer.ggml.unknown_token_id", 0);
    metadata.put("tokenizer.ggml.add_bos_token", true);
  }

  private void add(ModelConfig config, Parameter parameter) {
    int rank = parameter.tensor().shape().rank();
    int[] shape = new int[rank];
    for (int i = 0; i < rank; i++) {
      shape[i] = parameter.tensor().shape().dimension(i);
    }
    float[] values = parameter.tensor().toFloats();
    boolean queries = parameter.name().endsWith("q_proj.weight");
    boolean keys = parameter.name().endsWith("k_proj.weight");
    boolean besides =
        config instanceof LlamaConfig llama && architecture(llama.family()).equals("llama");
    if (besides && (queries || keys)) {
      values = sideBySide((LlamaConfig) config, values);
    }
    tensors.add(new Stored(GgufNames.inFile(config, parameter.name()), shape, values));
  }

  /// Reorders the rows of each head so that the two elements of a rotary pair lie side by side.
  private static float[] sideBySide(LlamaConfig config, float[] values) {
    int width = config.width();
    int headDim = config.headDim();
    int turned = config.rotaryDim();
    float[] reordered = values.clone();
    for (int head = 0; head < values.length / (width * headDim); head++) {
      for (int i = 0; i < turned; i++) {
        int from = head * headDim + i % 2 * (turned / 2) + i / 2;
        int to = head * headDim + i;
        System.arraycopy(values, from * width, reordered, to * width, width);
      }
    }
    return reordered;
  }

  private byte[] bytes() {
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    number(3);
    wide(tensors.size());
    wide(metadata.size());
    metadata.forEach(this::entry);
    long offset = 0;
    for (Stored tensor : tensors) {
      text(tensor.name);
      number(tensor.shape.length);
      for (int i = tensor.shape.length - 1; i >= 0; i--) {
        wide(tensor.shape[i]);
      }
      number(0);
      wide(offset);
      offset += (tensor.values.length * 4L + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    align();
    for (Stored tensor : tensors) {
      ByteBuffer data = little(tensor.values.length * 4);
      data.asFloatBuffer().put(tensor.values);
      out.writeBytes(data.array());
      align();
    }
    return out.toByteArray();
  }

  private void align() {
    while (out.size() % ALIGNMENT != 0) {
      out.write(0);
    }
  }

  private void entry(String name, Object value) {
    text(name);
    number(type(value));
    if (value instanceof List<?> list) {
      // Signed, as other programs expect the kinds of tokens.
      number(list.getFirst() instanceof Integer ? I32 : type(list.getFirst()));
      wide(list.size());
      list.forEach(this::value);
    } else {
      value(value);
    }
  }

  private static int type(Object value) {
    return switch (value) {
      case Integer whole -> whole < 0 ? I32 : U32;
      case Float _ -> F32;
      case Boolean _ -> BOOL;
      case String _ -> STRING;
      case List<?> _ -> ARRAY;
      default -> throw new IllegalArgumentException("no GGUF type for " + value);
    };
  }

  private void value(Object value) {
    switch (value) {
      case Integer whole -> number(whole);
      case Float real -> number(Float.floatToRawIntBits(real));
      case Boolean truth -> out.write(truth ? 1 : 0);
      case String text -> text(text);
      default -> throw new IllegalArgumentException("no GGUF value for " + value);
    }
  }

  private void text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    wide(utf8.length);
    out.writeBytes(utf8);
  }

  private void number(int value) {
    out.writeBytes(little(4).putInt(value).array());
  }

  private void wide(long value) {
    out.writeBytes(little(8).putLong(value).array());
  }

  private static ByteBuffer little(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}
