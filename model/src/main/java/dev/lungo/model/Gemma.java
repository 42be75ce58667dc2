package dev.lungo.model;

import static dev.lungo.op.Activations.geGlu;
import static dev.lungo.op.Activations.softCap;
import static dev.lungo.op.Add.add;
import static dev.lungo.op.Embedding.embedding;
import static dev.lungo.op.Linear.linear;
import static dev.lungo.op.Norms.rmsNorm;
import static dev.lungo.op.Rotary.rotary;
import static dev.lungo.op.Scale.scale;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.nn.AttentionRule;
import dev.lungo.nn.KvCache;
import dev.lungo.nn.Parameters;
import dev.lungo.nn.SelfAttention;
import dev.lungo.op.CrossEntropy;
import dev.lungo.op.Pass;
import dev.lungo.op.Rotary;
import dev.lungo.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/// Gemma 2 (arXiv:2408.00118) and 3 (arXiv:2503.19786): embeddings scaled by √C, a norm before and
/// after each part of a block, a GELU-gated feed-forward layer, and layers that look back over a
/// window between layers that see everything. Generation 2 bounds scores and logits, generation 3
/// normalises queries and keys.
///
/// Norms multiply by what checkpoints hold plus one.
public final class Gemma implements LanguageModel {
  /// The standard deviation of first values.
  private static final double DEVIATION = 0.02;

  private static final String PATH = "model.layers.";

  private final GemmaConfig config;
  private final Parameters parameters;
  private final RotaryPositions everywhere;
  private final RotaryPositions withinWindow;
  private final Tensor embedding;
  private final Block[] blocks;
  private final Tensor finalNorm;
  private final Tensor head;

  /// The weights of one block, named as in the checkpoint.
  private record Block(
      AttentionRule rule,
      Tensor inputNorm,
      Tensor query,
      Tensor key,
      Tensor value,
      Optional<Tensor> queryNorm,
      Optional<Tensor> keyNorm,
      Tensor output,
      Tensor postAttentionNorm,
      Tensor preFeedForwardNorm,
      Tensor gate,
      Tensor up,
      Tensor down,
      Tensor postFeedForwardNorm) {}

  /// The rotary tables of one pass.
  private record Tables(Rotary.Table everywhere, Rotary.Table withinWindow) {}

  Gemma(GemmaConfig config, Parameters parameters) {
    this.config = config;
    this.parameters = parameters;
    everywhere = positions(config.ropeBase(), config.ropeScaling());
    withinWindow = positions(config.windowRopeBase(), RopeScaling.NONE);
    embedding =
        parameters.embedding(
            "model.embed_tokens.weight", config.vocabulary(), config.width(), DEVIATION);
    blocks = new Block[config.layers()];
    for (int layer = 0; layer < blocks.length; layer++) {
      blocks[layer] = block(layer, PATH + layer + ".");
    }
    finalNorm = parameters.scaleLessOneInFile("model.norm.weight", config.width());
    head =
        config.tiedEmbeddings()
            ? embedding
            : parameters.head("lm_head.weight", config.vocabulary(), config.width(), DEVIATION);
  }

  private RotaryPositions positions(float base, RopeScaling scaling) {
    return new RotaryPositions(
        RotaryLayout.HALVES, config.headDim(), base, scaling, config.context());
  }

  private Block block(int layer, String path) {
    int width = config.width();
    int inner = config.feedForward();
    int queries = config.heads() * config.headDim();
    int keys = config.kvHeads() * config.headDim();
    double residual = DEVIATION / Math.sqrt(2.0 * config.layers());
    int window = config.seesEverything(layer) ? AttentionShape.UNLIMITED : config.window();
    float scale = (float) (1 / Math.sqrt(config.queryScalar()));
    return new Block(
        new AttentionRule(scale, AttentionShape.withinWindow(window), false, config.scoreCap()),
        parameters.scaleLessOneInFile(path + "input_layernorm.weight", width),
        parameters.matrix(path + "self_attn.q_proj.weight", queries, width, DEVIATION),
        parameters.matrix(path + "self_attn.k_proj.weight", keys, width, DEVIATION),
        parameters.matrix(path + "self_attn.v_proj.weight", keys, width, DEVIATION),
        headNorm(path + "self_attn.q_norm.weight"),
        headNorm(path + "self_attn.k_norm.weight"),
        parameters.matrix(path + "self_attn.o_proj.weight", width, queries, residual),
        parameters.scaleLessOneInFile(path + "post_attention_layernorm.weight", width),
        parameters.scaleLessOneInFile(path + "pre_feedforward_layernorm.weight", width),
        parameters.matrix(path + "mlp.gate_proj.weight", inner, width, DEVIATION),
        parameters.matrix(path + "mlp.up_proj.weight", inner, width, DEVIATION),
        parameters.matrix(path + "mlp.down_proj.weight", width, inner, residual),
        parameters.scaleLessOneInFile(path + "post_feedforward_layernorm.weight", width));
  }

  private Optional<Tensor> headNorm(String name) {
    return config.generation().headNorms()
        ? Optional.of(parameters.scaleLessOneInFile(name, config.headDim()))
        : Optional.empty();
  }

  @Override
  public Tensor hidden(Pass pass, Tensor ids, Optional<KvCache> cache) {
    int start = cache.map(KvCache::length).orElse(0);
    int length = ids.shape().dimension(1);
    checkLength(start, length);
    int reach = cache.map(KvCache::capacity).orElse(length);
    Tables tables =
        new Tables(
            everywhere.table(pass, start + length, reach),
            withinWindow.table(pass, start + length, reach));
    Tensor x = scale(pass, embedding(pass, ids, embedding), (float) Math.sqrt(config.width()));
    pass.observe("model.embed_tokens", x);
    for (int layer = 0; layer < blocks.length; layer++) {
      x = block(pass, layer, x, tables, start, cache);
      pass.observe(PATH, layer, "", x);
    }
    cache.ifPresent(filled -> filled.advance(length));
    return norm(pass, x, finalNorm);
  }

  private Tensor block(
      Pass pass, int layer, Tensor x, Tables tables, int start, Optional<KvCache> cache) {
    Block block = blocks[layer];
    Rotary.Table table = config.seesEverything(layer) ? tables.everywhere : tables.withinWindow;
    Tensor attended = attention(pass, layer, norm(pass, x, block.inputNorm), table, start, cache);
    Tensor middle = add(pass, x, norm(pass, attended, block.postAttentionNorm));
    Tensor fed = feedForward(pass, block, norm(pass, middle, block.preFeedForwardNorm));
    return add(pass, middle, norm(pass, fed, block.postFeedForwardNorm));
  }

  private Tensor attention(
      Pass pass, int layer, Tensor x, Rotary.Table table, int start, Optional<KvCache> cache) {
    Block block = blocks[layer];
    List<Tensor> projected = linear(pass, x, List.of(block.query, block.key, block.value));
    Tensor q = heads(projected.get(0), config.heads());
    Tensor k = heads(projected.get(1), config.kvHeads());
    Tensor v = heads(projected.get(2), config.kvHeads());
    q = block.queryNorm.isPresent() ? norm(pass, q, block.queryNorm.get()) : q;
    k = block.keyNorm.isPresent() ? norm(pass, k, block.keyNorm.get()) : k;
    q = rotary(pass, q, table, start);
    k = rotary(pass, k, table, start);
    pass.observe(PATH, layer, ".self_attn.q", q);
    pass.observe(PATH, layer, ".self_attn.k", k);
    pass.observe(PATH, layer, ".self_attn.v", v);
    return linear(
        pass, SelfAttention.attend(pass, layer, block.rule, q, k, v, cache), block.output);
  }

  private Tensor heads(Tensor x, int heads) {
    return x.view(x.shape().dimension(0), x.shape().dimension(1), heads, config.headDim());
  }

  private Tensor norm(Pass pass, Tensor x, Tensor weight) {
    return rmsNorm(pass, x, weight, config.normEpsilon());
  }

  private static Tensor feedForward(Pass pass, Block block, Tensor x) {
    List<Tensor> inner = linear(pass, x, List.of(block.gate, block.up));
    return linear(pass, geGlu(pass, inner.get(0), inner.get(1)), block.down);
  }

  @Override
  public Tensor logits(Pass pass, Tensor hidden) {
    Tensor logits = linear(pass, hidden, head);
    return config.logitCap() < AttentionShape.UNCAPPED
        ? softCap(pass, logits, config.logitCap())
        : logits;
  }

  @Override
  public CrossEntropy.Loss loss(Pass pass, Tensor ids, Tensor targets) {
    return CrossEntropy.linearCrossEntropy(
        pass, hidden(pass, ids, Optional.empty()), head, targets, config.logitCap());
  }

  @Override
  public GemmaConfig config() {
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
    everywhere.close();
    withinWindow.close();
  }
}
