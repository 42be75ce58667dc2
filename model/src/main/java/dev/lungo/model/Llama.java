package dev.lungo.model;

import static dev.lungo.op.Activations.swiGlu;
import static dev.lungo.op.Add.add;
import static dev.lungo.op.Embedding.embedding;
import static dev.lungo.op.Linear.linear;
import static dev.lungo.op.Norms.rmsNorm;
import static dev.lungo.op.Rotary.rotary;

import dev.lungo.nn.KvCache;
import dev.lungo.nn.Parameters;
import dev.lungo.nn.SelfAttention;
import dev.lungo.op.Pass;
import dev.lungo.op.Rotary;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Optional;

/// Llama (Touvron et al. 2023, arXiv:2302.13971): pre-norm blocks of grouped-query attention with
/// rotary positions and a SwiGLU feed-forward layer, RMSNorm throughout, no biases.
public final class Llama implements LanguageModel {
  private final LlamaConfig config;
  private final Parameters parameters;
  private final Workspace tables = new Workspace("rotary tables");
  private Optional<Rotary.Table> rotaryTable = Optional.empty();
  private final Tensor embedding;
  private final Block[] blocks;
  private final Tensor finalNorm;
  private final Tensor head;

  /// The weights of one block, named as in the checkpoint.
  private record Block(
      Tensor inputNorm,
      Tensor query,
      Tensor key,
      Tensor value,
      Tensor output,
      Tensor postAttentionNorm,
      Tensor gate,
      Tensor up,
      Tensor down) {}

  Llama(LlamaConfig config, Parameters parameters) {
    this.config = config;
    this.parameters = parameters;
    embedding =
        parameters.embedding(
            "model.embed_tokens.weight", config.vocabulary(), config.width(), DEVIATION);
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
    int keys = config.kvHeads() * config.headDim();
    // What is added to the residual stream starts smaller, so that its sum over all layers does not
    // grow with depth.
    double residual = DEVIATION / Math.sqrt(2.0 * config.layers());
    return new Block(
        parameters.scale(path + "input_layernorm.weight", width),
        parameters.matrix(path + "self_attn.q_proj.weight", queries, width, DEVIATION),
        parameters.matrix(path + "self_attn.k_proj.weight", keys, width, DEVIATION),
        parameters.matrix(path + "self_attn.v_proj.weight", keys, width, DEVIATION),
        parameters.matrix(path + "self_attn.o_proj.weight", width, queries, residual),
        parameters.scale(path + "post_attention_layernorm.weight", width),
        parameters.matrix(path + "mlp.gate_proj.weight", config.feedForward(), width, DEVIATION),
        parameters.matrix(path + "mlp.up_proj.weight", config.feedForward(), width, DEVIATION),
        parameters.matrix(path + "mlp.down_proj.weight", width, config.feedForward(), residual));
  }

  @Override
  public Tensor hidden(Pass pass, Tensor ids, Optional<KvCache> cache) {
    int start = cache.map(KvCache::length).orElse(0);
    int length = ids.shape().dimension(1);
    checkLength(start, length);
    Tensor x = embedding(pass, ids, embedding);
    pass.observe("model.embed_tokens", x);
    for (int layer = 0; layer < blocks.length; layer++) {
      Block block = blocks[layer];
      Tensor normed = rmsNorm(pass, x, block.inputNorm, config.normEpsilon());
      x = add(pass, x, attention(pass, layer, normed, start, cache));
      normed = rmsNorm(pass, x, block.postAttentionNorm, config.normEpsilon());
      x = add(pass, x, feedForward(pass, block, normed));
      pass.observe("model.layers.", layer, "", x);
    }
    cache.ifPresent(filled -> filled.advance(length));
    return rmsNorm(pass, x, finalNorm, config.normEpsilon());
  }

  private Tensor attention(Pass pass, int layer, Tensor x, int start, Optional<KvCache> cache) {
    Block block = blocks[layer];
    int batch = x.shape().dimension(0);
    int length = x.shape().dimension(1);
    Tensor q = linear(pass, x, block.query).view(batch, length, config.heads(), config.headDim());
    Tensor k = linear(pass, x, block.key).view(batch, length, config.kvHeads(), config.headDim());
    Tensor v = linear(pass, x, block.value).view(batch, length, config.kvHeads(), config.headDim());
    Rotary.Table table = rotaryTable(start + length);
    q = rotary(pass, q, table, start);
    k = rotary(pass, k, table, start);
    pass.observe("model.layers.", layer, ".self_attn.q", q);
    pass.observe("model.layers.", layer, ".self_attn.k", k);
    pass.observe("model.layers.", layer, ".self_attn.v", v);
    Tensor mixed = SelfAttention.attend(pass, layer, q, k, v, cache);
    return linear(pass, mixed, block.output);
  }

  /// Returns a table of at least so many positions. It grows as it is needed: a context of 131,072
  /// positions would take a second and 64 MB for a prompt of five.
  private synchronized Rotary.Table rotaryTable(int positions) {
    int there = rotaryTable.map(Rotary.Table::positions).orElse(0);
    if (there < positions) {
      int more = Math.min(config.context(), Math.max(positions, 2 * there));
      rotaryTable =
          Optional.of(
              Rotary.table(
                  tables, config.rotaryLayout(), more, config.headDim(), config.ropeBase()));
    }
    return rotaryTable.orElseThrow();
  }

  private Tensor feedForward(Pass pass, Block block, Tensor x) {
    return linear(
        pass, swiGlu(pass, linear(pass, x, block.gate), linear(pass, x, block.up)), block.down);
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
    tables.close();
  }
}
