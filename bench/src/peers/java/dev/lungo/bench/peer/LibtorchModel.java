package dev.lungo.bench.peer;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.cross_entropy;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.rms_norm;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.silu;

import dev.lungo.bench.TrainingCase;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;

/// A Llama-style model in eager libtorch, float32: embedding, blocks of RMSNorm, fused query-key-value projection,
/// `scaled_dot_product_attention` and SwiGLU, a final norm and an untied head.
final class LibtorchModel {
  private final TrainingCase sizes;
  private final Tensor embeddingTable;
  private final List<Block> blocks = new ArrayList<>();
  private final Tensor finalNorm;
  private final Tensor head;
  private final Tensor cosine;
  private final Tensor sine;
  private final TensorVector parameters = new TensorVector();

  private record Block(
      Tensor inputNorm,
      Tensor queryKeyValue,
      Tensor output,
      Tensor postNorm,
      Tensor gate,
      Tensor up,
      Tensor down) {}

  /// Reads weights in the order of our parameters: embedding; per layer norm, q, k, v, output, norm, gate, up, down; final
  /// norm; head.
  LibtorchModel(TrainingCase sizes, Path weights) throws IOException {
    this.sizes = sizes;
    int width = sizes.width();
    int hidden = sizes.feedForward();
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(weights)) {
      Weights in = new Weights(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
      embeddingTable = parameter(in.next(sizes.vocabulary(), width));
      for (int layer = 0; layer < sizes.layers(); layer++) {
        blocks.add(
            new Block(
                parameter(in.next(width)),
                parameter(in.next(3 * width, width)),
                parameter(in.next(width, width)),
                parameter(in.next(width)),
                parameter(in.next(hidden, width)),
                parameter(in.next(hidden, width)),
                parameter(in.next(width, hidden))));
      }
      finalNorm = parameter(in.next(width));
      head = parameter(in.next(sizes.vocabulary(), width));
      in.expectEnd();
    }
    cosine = rotaryTable(true);
    sine = rotaryTable(false);
  }

  /// Queries, keys and values lie one after the other in the file, and so make one fused matrix.
  private static final class Weights {
    private final MemorySegment file;
    private long offset;

    Weights(MemorySegment file) {
      this.file = file;
    }

    Tensor next(int... dimensions) {
      int count = 1;
      long[] shape = new long[dimensions.length];
      for (int i = 0; i < dimensions.length; i++) {
        count *= dimensions[i];
        shape[i] = dimensions[i];
      }
      float[] values = file.asSlice(offset, 4L * count).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      offset += 4L * count;
      return Tensor.create(values, shape);
    }

    void expectEnd() throws IOException {
      if (offset != file.byteSize()) {
        throw new IOException("the weights' file has " + file.byteSize() + " bytes, but the model " + offset);
      }
    }
  }

  private Tensor parameter(Tensor values) {
    Tensor leaf = values.clone().detach().set_requires_grad(true);
    parameters.push_back(leaf);
    return leaf;
  }

  /// Returns (T, D), both halves of each row alike.
  private Tensor rotaryTable(boolean isCosine) {
    int headDim = sizes.headDim();
    int pairs = headDim / 2;
    float[] values = new float[sizes.context() * headDim];
    for (int position = 0; position < sizes.context(); position++) {
      for (int i = 0; i < headDim; i++) {
        double angle = position * Math.pow(TrainingCase.ROTARY_BASE, -2.0 * (i % pairs) / headDim);
        values[position * headDim + i] = (float) (isCosine ? Math.cos(angle) : Math.sin(angle));
      }
    }
    return Tensor.create(values, sizes.context(), headDim);
  }

  TensorVector parameters() {
    return parameters;
  }

  /// Computes the mean loss in nats.
  ///
  /// @param ids (B·T)
  /// @param targets (B·T)
  Tensor loss(Tensor ids, Tensor targets) {
    long batch = ids.numel() / sizes.context();
    Tensor x = embedding(embeddingTable, ids.view(batch, sizes.context()));
    for (Block block : blocks) {
      x = x.add(attention(norm(x, block.inputNorm), block, batch));
      Tensor normed = norm(x, block.postNorm);
      x = x.add(linear(silu(linear(normed, block.gate)).mul(linear(normed, block.up)), block.down));
    }
    Tensor logits = linear(norm(x, finalNorm), head);
    return cross_entropy(logits.view(-1, sizes.vocabulary()), targets);
  }

  private Tensor norm(Tensor x, Tensor weight) {
    return rms_norm(
        x,
        new long[] {sizes.width()},
        new TensorOptional(weight),
        new DoubleOptional(TrainingCase.NORM_EPSILON));
  }

  private Tensor attention(Tensor x, Block block, long batch) {
    TensorVector parts = linear(x, block.queryKeyValue).chunk(3, -1);
    Tensor q = turn(heads(parts.get(0), batch));
    Tensor k = turn(heads(parts.get(1), batch));
    Tensor v = heads(parts.get(2), batch);
    Tensor mixed =
        scaled_dot_product_attention(
            q, k, v, new TensorOptional(), 0.0, true, new DoubleOptional(), false);
    return linear(
        mixed.transpose(1, 2).contiguous().view(batch, sizes.context(), sizes.width()), block.output);
  }

  /// Returns (B, H, T, D).
  private Tensor heads(Tensor x, long batch) {
    return x.view(batch, sizes.context(), sizes.heads(), sizes.headDim()).transpose(1, 2);
  }

  /// Rotary positions in the layout of halves: x·cos + (-second half, first half)·sin.
  private Tensor turn(Tensor x) {
    if (!sizes.rotary()) {
      return x;
    }
    TensorVector halves = x.chunk(2, -1);
    Tensor turned = cat(new TensorVector(halves.get(1).neg(), halves.get(0)), -1);
    return x.mul(cosine).add(turned.mul(sine));
  }
}
