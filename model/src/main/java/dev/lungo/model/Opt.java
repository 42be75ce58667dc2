package dev.lungo.model;

import static dev.lungo.op.Activations.relu;
import static dev.lungo.op.Add.add;
import static dev.lungo.op.Embedding.embedding;
import static dev.lungo.op.Linear.linear;
import static dev.lungo.op.Norms.layerNorm;

import dev.lungo.nn.KvCache;
import dev.lungo.nn.Parameters;
import dev.lungo.nn.SelfAttention;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import java.util.Optional;

/// OPT (Zhang et al. 2022, arXiv:2205.01068): GPT-2's blocks with ReLU instead of GELU, projections
/// apart, and a table of positions whose first two rows are unused.
public final class Opt implements LanguageModel {
  /// The standard deviation of first values.
  private static final double DEVIATION = 0.02;

  private static final float NORM_EPSILON = 1e-5f;
  private static final String DECODER = "model.decoder.";
  private static final String PATH = DECODER + "layers.";

  private final OptConfig config;
  private final Parameters parameters;
  private final Tensor tokenEmbedding;
  private final Tensor positionEmbedding;
  private final Block[] blocks;
  private final Norm finalNorm;
  private final Tensor head;

  private record Norm(Tensor weight, Tensor bias) {
    Tensor of(Pass pass, Tensor x) {
      return layerNorm(pass, x, weight, bias, NORM_EPSILON);
    }
  }

  private record Projection(Tensor weight, Tensor bias) {
    Tensor of(Pass pass, Tensor x) {
      return linear(pass, x, weight, bias);
    }
  }

  private record Block(
      Projection query,
      Projection key,
      Projection value,
      Projection attentionOutput,
      Norm attentionNorm,
      Projection feedForward,
      Projection feedForwardOutput,
      Norm feedForwardNorm) {}

  Opt(OptConfig config, Parameters parameters) {
    this.config = config;
    this.parameters = parameters;
    int width = config.width();
    tokenEmbedding =
        parameters.embedding(
            DECODER + "embed_tokens.weight", config.vocabulary(), width, DEVIATION);
    positionEmbedding =
        parameters.embedding(
            DECODER + "embed_positions.weight",
            config.context() + OptConfig.UNUSED_POSITIONS,
            width,
            DEVIATION);
    blocks = new Block[config.layers()];
    for (int layer = 0; layer < blocks.length; layer++) {
      blocks[layer] = block(PATH + layer + ".");
    }
    finalNorm = norm(DECODER + "final_layer_norm");
    head =
        config.tiedEmbeddings()
            ? tokenEmbedding
            : parameters.head("lm_head.weight", config.vocabulary(), width, DEVIATION);
  }

  private Block block(String path) {
    int width = config.width();
    double residual = DEVIATION / Math.sqrt(2.0 * config.layers());
    return new Block(
        projection(path + "self_attn.q_proj", width, width, DEVIATION),
        projection(path + "self_attn.k_proj", width, width, DEVIATION),
        projection(path + "self_attn.v_proj", width, width, DEVIATION),
        projection(path + "self_attn.out_proj", width, width, residual),
        norm(path + "self_attn_layer_norm"),
        projection(path + "fc1", config.feedForward(), width, DEVIATION),
        projection(path + "fc2", width, config.feedForward(), residual),
        norm(path + "final_layer_norm"));
  }

  private Norm norm(String path) {
    return new Norm(
        parameters.scale(path + ".weight", config.width()),
        parameters.bias(path + ".bias", config.width()));
  }

  private Projection projection(String path, int out, int in, double deviation) {
    return new Projection(
        parameters.matrix(path + ".weight", out, in, deviation),
        parameters.bias(path + ".bias", out));
  }

  @Override
  public Tensor hidden(Pass pass, Tensor ids, Optional<KvCache> cache) {
    int start = cache.map(KvCache::length).orElse(0);
    int length = ids.shape().dimension(1);
    checkLength(start, length);
    Tensor tokens = embedding(pass, ids, tokenEmbedding);
    Tensor positions = embedding(pass, positions(pass, start, length), positionEmbedding);
    Tensor x = add(pass, tokens, positions);
    for (int layer = 0; layer < blocks.length; layer++) {
      Block block = blocks[layer];
      Tensor normed = block.attentionNorm.of(pass, x);
      x = add(pass, x, attention(pass, layer, normed, cache));
      normed = block.feedForwardNorm.of(pass, x);
      Tensor activated = relu(pass, block.feedForward.of(pass, normed));
      x = add(pass, x, block.feedForwardOutput.of(pass, activated));
      pass.observe(PATH, layer, "", x);
    }
    cache.ifPresent(filled -> filled.advance(length));
    return finalNorm.of(pass, x);
  }

  private Tensor attention(Pass pass, int layer, Tensor x, Optional<KvCache> cache) {
    Block block = blocks[layer];
    Tensor q = heads(block.query.of(pass, x));
    Tensor k = heads(block.key.of(pass, x));
    Tensor v = heads(block.value.of(pass, x));
    pass.observe(PATH, layer, ".self_attn.q", q);
    pass.observe(PATH, layer, ".self_attn.k", k);
    pass.observe(PATH, layer, ".self_attn.v", v);
    Tensor mixed = SelfAttention.attend(pass, layer, q, k, v, cache);
    return block.attentionOutput.of(pass, mixed);
  }

  private Tensor heads(Tensor x) {
    return x.view(x.shape().dimension(0), x.shape().dimension(1), config.heads(), config.headDim());
  }

  private static Tensor positions(Pass pass, int start, int length) {
    int[] positions = new int[length];
    for (int i = 0; i < length; i++) {
      positions[i] = start + i + OptConfig.UNUSED_POSITIONS;
    }
    return pass.workspace().allocate(Shape.of(length), DType.INT32).set(positions);
  }

  @Override
  public OptConfig config() {
    return config;
  }

  @Override
  public Parameters parameters() {
    return parameters;
  }

  @Override
  public Tensor head() {
    return head;
  }
}
