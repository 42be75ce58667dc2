package dev.lungo.model;

import static dev.lungo.op.Activations.swiGlu;
import static dev.lungo.op.Add.add;
import static dev.lungo.op.Embedding.embedding;
import static dev.lungo.op.Linear.linear;
import static dev.lungo.op.Norms.rmsNorm;
import static dev.lungo.op.Rotary.rotary;

import dev.lungo.nn.AttentionRule;
import dev.lungo.nn.KeyTurn;
import dev.lungo.nn.KvCache;
import dev.lungo.nn.Parameters;
import dev.lungo.nn.RollingWindow;
import dev.lungo.nn.SelfAttention;
import dev.lungo.op.Pass;
import dev.lungo.op.Rotary;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.List;
import java.util.Optional;

/// Llama (Touvron et al. 2023, arXiv:2302.13971): pre-norm blocks of grouped-query attention with
/// rotary positions and a SwiGLU feed-forward layer, RMSNorm throughout, no biases. [LlamaFamily]
/// says by what details Mistral, Qwen and Phi differ.
public final class Llama implements LanguageModel {
  private final LlamaConfig config;
  private final Parameters parameters;
  private final RotaryPositions rotations;
  private final AddedPositions added;
  private final AttentionRule rule;
  private final Tensor embedding;
  private final Block[] blocks;
  private final Tensor finalNorm;
  private final Tensor head;

  private record Projection(Tensor weight, Optional<Tensor> bias) {
    Tensor of(Pass pass, Tensor x) {
      return bias.isPresent() ? linear(pass, x, weight, bias.get()) : linear(pass, x, weight);
    }
  }

  /// The weights of one block, named as in the checkpoint.
  ///
  /// @param queryNorm the factors of the norm of each head, where there is one
  private record Block(
      Tensor inputNorm,
      Projection query,
      Projection key,
      Projection value,
      Optional<Tensor> queryNorm,
      Optional<Tensor> keyNorm,
      Tensor output,
      Tensor postAttentionNorm,
      Tensor gate,
      Tensor up,
      Tensor down) {}

  Llama(LlamaConfig config, Parameters parameters) {
    this.config = config;
    this.parameters = parameters;
    rotations =
        new RotaryPositions(
            config.rotaryLayout(),
            config.rotaryDim(),
            config.ropeBase(),
            config.ropeScaling(),
            config.context());
    AttentionRule windowed = AttentionRule.of(config.headDim(), config.attention());
    rule = config.positions() == PositionScheme.ALIBI ? windowed.withAlibi() : windowed;
    embedding =
        parameters.embedding(
            "model.embed_tokens.weight", config.vocabulary(), config.width(), DEVIATION);
    added =
        new AddedPositions(
            config.positions(),
            parameters,
            "model.embed_positions.weight",
            config.context(),
            config.width(),
            DEVIATION);
    blocks = new Block[config.layers()];
    for (int layer = 0; layer < blocks.length; layer++) {
      blocks[layer] = block("model.layers." + layer + ".");
    }
    finalNorm = parameters.scale("model.norm.weight", config.width());
    head =
        config.tiedEmbeddings()
            ? embedding
            : parameters.head("lm_head.weight", config.vocabulary(), config.width(), DEVIATION);
  }

  /// The standard deviation of first values, as GPT-2 has it.
  private static final double DEVIATION = 0.02;

  private Block block(String path) {
    int width = config.width();
    int queries = config.heads() * config.headDim();
    // What is added to the residual stream starts smaller, so that its sum over all layers does not
    // grow with depth.
    double residual = DEVIATION / Math.sqrt(2.0 * config.layers());
    Tensor inputNorm = parameters.scale(path + "input_layernorm.weight", width);
    Projection[] projections = projections(path + "self_attn.");
    Optional<Tensor> queryNorm = headNorm(path + "self_attn.q_norm.weight");
    Optional<Tensor> keyNorm = headNorm(path + "self_attn.k_norm.weight");
    Tensor output = parameters.matrix(path + "self_attn.o_proj.weight", width, queries, residual);
    Tensor postNorm = parameters.scale(path + "post_attention_layernorm.weight", width);
    Tensor[] gateAndUp = gateAndUp(path + "mlp.");
    return new Block(
        inputNorm,
        projections[0],
        projections[1],
        projections[2],
        queryNorm,
        keyNorm,
        output,
        postNorm,
        gateAndUp[0],
        gateAndUp[1],
        parameters.matrix(path + "mlp.down_proj.weight", width, config.feedForward(), residual));
  }

  /// Declares the projections to queries, keys and values.
  private Projection[] projections(String path) {
    int width = config.width();
    int queries = config.heads() * config.headDim();
    int keys = config.kvHeads() * config.headDim();
    if (config.family().fused()) {
      int all = queries + 2 * keys;
      Tensor fused = parameters.matrix(path + "qkv_proj.weight", all, width, DEVIATION);
      return new Projection[] {
        new Projection(fused.rows(0, queries), Optional.empty()),
        new Projection(fused.rows(queries, queries + keys), Optional.empty()),
        new Projection(fused.rows(queries + keys, all), Optional.empty())
      };
    }
    return new Projection[] {
      projection(path + "q_proj", queries),
      projection(path + "k_proj", keys),
      projection(path + "v_proj", keys)
    };
  }

  private Projection projection(String path, int out) {
    Tensor weight = parameters.matrix(path + ".weight", out, config.width(), DEVIATION);
    return new Projection(
        weight,
        config.family().biases()
            ? Optional.of(parameters.bias(path + ".bias", out))
            : Optional.empty());
  }

  private Optional<Tensor> headNorm(String name) {
    return config.family().headNorms()
        ? Optional.of(parameters.scale(name, config.headDim()))
        : Optional.empty();
  }

  private Tensor[] gateAndUp(String path) {
    int width = config.width();
    int inner = config.feedForward();
    if (config.family().fused()) {
      Tensor fused = parameters.matrix(path + "gate_up_proj.weight", 2 * inner, width, DEVIATION);
      return new Tensor[] {fused.rows(0, inner), fused.rows(inner, 2 * inner)};
    }
    return new Tensor[] {
      parameters.matrix(path + "gate_proj.weight", inner, width, DEVIATION),
      parameters.matrix(path + "up_proj.weight", inner, width, DEVIATION)
    };
  }

  @Override
  public Tensor hidden(Pass pass, Tensor ids, Optional<KvCache> cache) {
    int length = ids.shape().dimension(1);
    cache.ifPresent(rolling -> rolling.makeRoom(length));
    int start = cache.map(KvCache::length).orElse(0);
    checkLength(start, length);
    Optional<Rotary.Table> table = rotation(pass, start + length, cache);
    Tensor x = added.addTo(pass, embedding(pass, ids, embedding), start);
    pass.observe("model.embed_tokens", x);
    for (int layer = 0; layer < blocks.length; layer++) {
      Block block = blocks[layer];
      Tensor normed = rmsNorm(pass, x, block.inputNorm, config.normEpsilon());
      x = add(pass, x, attention(pass, layer, normed, table, start, cache));
      normed = rmsNorm(pass, x, block.postAttentionNorm, config.normEpsilon());
      x = add(pass, x, feedForward(pass, block, normed));
      pass.observe("model.layers.", layer, "", x);
    }
    cache.ifPresent(filled -> filled.advance(length));
    return rmsNorm(pass, x, finalNorm, config.normEpsilon());
  }

  @Override
  public KvCache newRollingCache(Workspace workspace, int batch, RollingWindow window, DType type) {
    if (config.positions().isAdded()) {
      return LanguageModel.super.newRollingCache(workspace, batch, window, type);
    }
    int capacity = window.capacity(config.context());
    KeyTurn turn =
        config.positions() == PositionScheme.ROPE
            ? new KeyTurn(config.rotaryLayout(), rotations.frequencies(capacity))
            : KeyTurn.NONE;
    return newCache(workspace, batch, capacity, type).roll(window, turn);
  }

  private Optional<Rotary.Table> rotation(Pass pass, int positions, Optional<KvCache> cache) {
    if (config.positions() != PositionScheme.ROPE) {
      return Optional.empty();
    }
    int reach = cache.map(KvCache::capacity).orElse(positions);
    return Optional.of(rotations.table(pass, positions, reach));
  }

  private Tensor attention(
      Pass pass,
      int layer,
      Tensor x,
      Optional<Rotary.Table> table,
      int start,
      Optional<KvCache> cache) {
    Block block = blocks[layer];
    List<Tensor> projected = projected(pass, block, x);
    Tensor q = normed(pass, heads(projected.get(0), config.heads()), block.queryNorm);
    Tensor k = normed(pass, heads(projected.get(1), config.kvHeads()), block.keyNorm);
    Tensor v = heads(projected.get(2), config.kvHeads());
    if (table.isPresent()) {
      q = rotary(pass, q, table.get(), start);
      k = rotary(pass, k, table.get(), start);
    }
    pass.observe("model.layers.", layer, ".self_attn.q", q);
    pass.observe("model.layers.", layer, ".self_attn.k", k);
    pass.observe("model.layers.", layer, ".self_attn.v", v);
    Tensor mixed = SelfAttention.attend(pass, layer, rule, q, k, v, cache);
    return linear(pass, mixed, block.output);
  }

  /// Returns queries, keys and values.
  private static List<Tensor> projected(Pass pass, Block block, Tensor x) {
    if (block.query.bias.isPresent()) {
      return List.of(block.query.of(pass, x), block.key.of(pass, x), block.value.of(pass, x));
    }
    return linear(pass, x, List.of(block.query.weight, block.key.weight, block.value.weight));
  }

  private Tensor heads(Tensor x, int heads) {
    return x.view(x.shape().dimension(0), x.shape().dimension(1), heads, config.headDim());
  }

  private Tensor normed(Pass pass, Tensor heads, Optional<Tensor> norm) {
    return norm.isPresent() ? rmsNorm(pass, heads, norm.get(), config.normEpsilon()) : heads;
  }

  private Tensor feedForward(Pass pass, Block block, Tensor x) {
    List<Tensor> inner = linear(pass, x, List.of(block.gate, block.up));
    return linear(pass, swiGlu(pass, inner.get(0), inner.get(1)), block.down);
  }

  @Override
  public LlamaConfig config() {
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

  @Override
  public void close() {
    parameters.close();
    rotations.close();
    added.close();
  }
}
