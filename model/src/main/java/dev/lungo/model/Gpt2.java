package dev.lungo.model;

import static dev.lungo.op.Activations.gelu;
import static dev.lungo.op.Add.add;
import static dev.lungo.op.Embedding.embedding;
import static dev.lungo.op.Linear.linear;
import static dev.lungo.op.Norms.layerNorm;

import dev.lungo.nn.AttentionRule;
import dev.lungo.nn.KvCache;
import dev.lungo.nn.Parameters;
import dev.lungo.nn.SelfAttention;
import dev.lungo.op.Pass;
import dev.lungo.tensor.Tensor;
import java.util.Optional;

/// GPT-2 (Radford et al. 2019): pre-norm blocks of multi-head attention and a GELU feed-forward
/// layer, LayerNorm, learned positions, biases everywhere.
public final class Gpt2 implements LanguageModel {
  /// The standard deviation of first values.
  private static final double DEVIATION = 0.02;

  private static final String PATH = "transformer.h.";

  private final Gpt2Config config;
  private final Parameters parameters;
  private final Tensor tokenEmbedding;
  private final AddedPositions added;
  private final AttentionRule rule;
  private final Block[] blocks;
  private final Norm finalNorm;
  private final Tensor head;

  private record Norm(Tensor weight, Tensor bias) {}

  private record Projection(Tensor weight, Tensor bias) {
    Tensor of(Pass pass, Tensor x) {
      return linear(pass, x, weight, bias);
    }

    Projection rows(int from, int to) {
      return new Projection(weight.rows(from, to), bias.rows(from, to));
    }
  }

  private record Block(
      Norm attentionNorm,
      Projection query,
      Projection key,
      Projection value,
      Projection attentionOutput,
      Norm feedForwardNorm,
      Projection feedForward,
      Projection feedForwardOutput) {}

  Gpt2(Gpt2Config config, Parameters parameters) {
    this.config = config;
    this.parameters = parameters;
    int width = config.width();
    tokenEmbedding =
        parameters.embedding("transformer.wte.weight", config.vocabulary(), width, DEVIATION);
    added =
        new AddedPositions(
            config.positions(),
            parameters,
            "transformer.wpe.weight",
            config.context(),
            width,
            DEVIATION);
    AttentionRule causal = AttentionRule.of(config.headDim(), config.attention());
    rule = config.positions() == PositionScheme.ALIBI ? causal.withAlibi() : causal;
    blocks = new Block[config.layers()];
    for (int layer = 0; layer < blocks.length; layer++) {
      blocks[layer] = block(PATH + layer + ".");
    }
    finalNorm = norm("transformer.ln_f");
    head =
        config.tiedEmbeddings()
            ? tokenEmbedding
            : parameters.head("lm_head.weight", config.vocabulary(), width, DEVIATION);
  }

  private Block block(String path) {
    int width = config.width();
    double residual = DEVIATION / Math.sqrt(2.0 * config.layers());
    Projection fused = projection(path + "attn.c_attn", 3 * width, width, DEVIATION);
    return new Block(
        norm(path + "ln_1"),
        fused.rows(0, width),
        fused.rows(width, 2 * width),
        fused.rows(2 * width, 3 * width),
        projection(path + "attn.c_proj", width, width, residual),
        norm(path + "ln_2"),
        projection(path + "mlp.c_fc", config.feedForward(), width, DEVIATION),
        projection(path + "mlp.c_proj", width, config.feedForward(), residual));
  }

  private Norm norm(String path) {
    return new Norm(
        parameters.scale(path + ".weight", config.width()),
        parameters.bias(path + ".bias", config.width()));
  }

  private Projection projection(String path, int out, int in, double deviation) {
    return new Projection(
        parameters.matrixTransposedInFile(path + ".weight", out, in, deviation),
        parameters.bias(path + ".bias", out));
  }

  @Override
  public Tensor hidden(Pass pass, Tensor ids, Optional<KvCache> cache) {
    int start = cache.map(KvCache::length).orElse(0);
    int length = ids.shape().dimension(1);
    checkLength(start, length);
    Tensor tokens = embedding(pass, ids, tokenEmbedding);
    pass.observe("transformer.wte", tokens);
    Optional<Tensor> positions = added.vectors(pass, start, length);
    positions.ifPresent(vectors -> pass.observe("transformer.wpe", vectors));
    Tensor x = positions.isPresent() ? add(pass, tokens, positions.get()) : tokens;
    for (int layer = 0; layer < blocks.length; layer++) {
      x = block(pass, layer, x, cache);
    }
    cache.ifPresent(filled -> filled.advance(length));
    Tensor normed = layerNorm(pass, x, finalNorm.weight, finalNorm.bias, config.normEpsilon());
    pass.observe("transformer.ln_f", normed);
    return normed;
  }

  private Tensor block(Pass pass, int layer, Tensor x, Optional<KvCache> cache) {
    Block block = blocks[layer];
    Tensor normed =
        layerNorm(
            pass, x, block.attentionNorm.weight, block.attentionNorm.bias, config.normEpsilon());
    pass.observe(PATH, layer, ".ln_1", normed);
    Tensor attended = attention(pass, layer, normed, cache);
    pass.observe(PATH, layer, ".attn", attended);
    Tensor middle = add(pass, x, attended);
    pass.observe(PATH, layer, ".residual", middle);
    normed =
        layerNorm(
            pass,
            middle,
            block.feedForwardNorm.weight,
            block.feedForwardNorm.bias,
            config.normEpsilon());
    pass.observe(PATH, layer, ".ln_2", normed);
    Tensor inner = block.feedForward.of(pass, normed);
    pass.observe(PATH, layer, ".mlp.c_fc", inner);
    Tensor activated = gelu(pass, inner);
    pass.observe(PATH, layer, ".mlp.act", activated);
    Tensor fed = block.feedForwardOutput.of(pass, activated);
    pass.observe(PATH, layer, ".mlp", fed);
    Tensor out = add(pass, middle, fed);
    pass.observe(PATH, layer, "", out);
    return out;
  }

  private Tensor attention(Pass pass, int layer, Tensor x, Optional<KvCache> cache) {
    Block block = blocks[layer];
    Tensor q = heads(block.query.of(pass, x));
    Tensor k = heads(block.key.of(pass, x));
    Tensor v = heads(block.value.of(pass, x));
    pass.observe(PATH, layer, ".attn.q", q);
    pass.observe(PATH, layer, ".attn.k", k);
    pass.observe(PATH, layer, ".attn.v", v);
    Tensor mixed = SelfAttention.attend(pass, layer, rule, q, k, v, cache);
    pass.observe(PATH, layer, ".attn.mixed", mixed);
    return block.attentionOutput.of(pass, mixed);
  }

  private Tensor heads(Tensor x) {
    return x.view(x.shape().dimension(0), x.shape().dimension(1), config.heads(), config.headDim());
  }

  @Override
  public Gpt2Config config() {
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
    added.close();
  }
}
