package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.nn.StoredWeights;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A Llama model in the `.bin` format of llama2.c: seven sizes, then all weights in float32, each
/// kind of all layers together.
public final class Llama2cModel {
  private static final int HEADER_BYTES = 7 * Integer.BYTES;
  private static final float NORM_EPSILON = 1e-5f;
  private static final float ROPE_BASE = 10_000;

  private Llama2cModel() {}

  /// Opens a model, memory-mapped and not trainable.
  ///
  /// @throws MalformedFileException if the file is not as long as its sizes say
  public static LanguageModel load(Path file) throws IOException {
    MappedFile mapped = new MappedFile(file);
    try {
      LlamaConfig config = config(file, mapped.segment());
      return LanguageModel.open(config, new Weights(file, mapped, config));
    } catch (UncheckedIOException failed) {
      throw failed.getCause();
    } catch (IOException | RuntimeException failed) {
      mapped.close();
      throw failed;
    }
  }

  private static LlamaConfig config(Path file, MemorySegment mapped) throws IOException {
    if (mapped.byteSize() < HEADER_BYTES) {
      throw new MalformedFileException(
          file.toString(), 0, "header", "needs " + HEADER_BYTES + " bytes");
    }
    int[] sizes = new int[7];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = mapped.get(StoredTensor.INT, (long) i * Integer.BYTES);
    }
    int width = sizes[0];
    int heads = sizes[3];
    // A negative vocabulary says that the projection to it has weights of its own.
    boolean tied = sizes[5] > 0;
    try {
      if (heads < 1 || width % heads != 0) {
        throw new IllegalArgumentException(heads + " heads do not divide the width " + width);
      }
      return new LlamaConfig(
          Math.abs(sizes[5]),
          width,
          sizes[2],
          heads,
          sizes[4],
          width / heads,
          sizes[1],
          sizes[6],
          NORM_EPSILON,
          ROPE_BASE,
          tied,
          RotaryLayout.INTERLEAVED);
    } catch (IllegalArgumentException wrong) {
      throw new MalformedFileException(
          file.toString(), 0, "header", String.valueOf(wrong.getMessage()));
    }
  }

  /// Where each parameter starts.
  private static final class Weights implements StoredWeights {
    private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d+)\\.(.*)");

    /// The floats of one kind of weight.
    ///
    /// @param from the first one's index after the header
    /// @param each those of one layer
    private record Kind(long from, long each) {}

    private final Path file;
    private final MappedFile whole;
    private final MemorySegment mapped;
    private final Map<String, Kind> kinds = new LinkedHashMap<>();
    private long end;

    Weights(Path file, MappedFile whole, LlamaConfig config) throws MalformedFileException {
      this.file = file;
      this.whole = whole;
      this.mapped = whole.segment();
      long width = config.width();
      long queries = (long) config.heads() * config.headDim() * width;
      long keys = (long) config.kvHeads() * config.headDim() * width;
      long inner = config.feedForward() * width;
      int layers = config.layers();
      add("model.embed_tokens.weight", 1, config.vocabulary() * width);
      add("input_layernorm.weight", layers, width);
      add("self_attn.q_proj.weight", layers, queries);
      add("self_attn.k_proj.weight", layers, keys);
      add("self_attn.v_proj.weight", layers, keys);
      add("self_attn.o_proj.weight", layers, queries);
      add("post_attention_layernorm.weight", layers, width);
      add("mlp.gate_proj.weight", layers, inner);
      add("mlp.down_proj.weight", layers, inner);
      add("mlp.up_proj.weight", layers, inner);
      add("model.norm.weight", 1, width);
      // Cosines and sines of the positions, which Lungo computes.
      add("", 2, (long) config.context() * config.headDim() / 2);
      if (!config.tiedEmbeddings()) {
        add("lm_head.weight", 1, config.vocabulary() * width);
      }
      if (HEADER_BYTES + end * Float.BYTES != mapped.byteSize()) {
        throw new MalformedFileException(
            file.toString(),
            HEADER_BYTES,
            "weights",
            "take "
                + end * Float.BYTES
                + " bytes by the sizes in the header, but the file holds "
                + (mapped.byteSize() - HEADER_BYTES));
      }
    }

    private void add(String name, int count, long each) {
      kinds.put(name, new Kind(end, each));
      end += count * each;
    }

    @Override
    public Tensor tensor(Workspace workspace, String name, Shape shape, boolean asDeclared) {
      Matcher layer = LAYER.matcher(name);
      boolean inLayer = layer.matches();
      Kind kind = kinds.get(inLayer ? layer.group(2) : name);
      if (kind == null || kind.each != shape.elements()) {
        throw new UncheckedIOException(
            new MalformedFileException(file.toString(), 0, name, "is not in this format"));
      }
      long index = kind.from + (inLayer ? Long.parseLong(layer.group(1)) * kind.each : 0);
      long at = HEADER_BYTES + index * Float.BYTES;
      return workspace.adopt(mapped.asSlice(at, kind.each * Float.BYTES), shape, DType.FLOAT32);
    }

    @Override
    public void requireWhole() {
      whole.requireWhole();
    }

    @Override
    public void close() {
      whole.close();
    }
  }
}
