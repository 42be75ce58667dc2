package dev.lungo.model;

import static dev.lungo.op.Add.add;
import static dev.lungo.op.Embedding.embedding;
import static dev.lungo.op.Linear.linear;
import static dev.lungo.op.Norms.layerNorm;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.model.EncoderDecoderConfig.NormPlacement;
import dev.lungo.model.EncoderDecoderConfig.SharedTables;
import dev.lungo.nn.Dropouts;
import dev.lungo.nn.KvCache;
import dev.lungo.nn.Parameters;
import dev.lungo.nn.SelfAttention;
import dev.lungo.op.Activations;
import dev.lungo.op.Attention;
import dev.lungo.op.CrossEntropy;
import dev.lungo.op.Pass;
import dev.lungo.op.Scale;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The Transformer of "Attention is all you need" (Vaswani et al. 2017, arXiv:1706.03762): an
/// encoder that reads a whole source, and a decoder that reads the target so far and, by
/// cross-attention, what the encoder made of the source.
///
/// S is the length of the sources, T that of the targets; shorter ones are padded at the end with
/// any id, and `sourceLengths` tells how many ids count.
public final class EncoderDecoder implements AutoCloseable {
  private final EncoderDecoderConfig config;
  private final Parameters parameters;
  private final Workspace constants = new Workspace("positions");
  private final Tensor sourceEmbedding;
  private final Tensor targetEmbedding;
  private final Tensor positions;
  private final EncoderLayer[] encoder;
  private final DecoderLayer[] decoder;
  private final Optional<Norm> encoderNorm;
  private final Optional<Norm> decoderNorm;
  private final Tensor head;
  private final Optional<Tensor> headBias;

  private record Norm(Tensor weight, Tensor bias) {}

  private record Projection(Tensor weight, Optional<Tensor> bias) {
    Tensor of(Pass pass, Tensor x) {
      return bias.isPresent() ? linear(pass, x, weight, bias.get()) : linear(pass, x, weight);
    }
  }

  private record Attending(
      Norm norm, Projection query, Projection key, Projection value, Projection output) {}

  private record FeedForward(
      Norm norm, Optional<Projection> gate, Projection inner, Projection output) {}

  private record EncoderLayer(Attending self, FeedForward feedForward) {}

  private record DecoderLayer(Attending self, Attending cross, FeedForward feedForward) {}

  /// One part of a layer, which a residual connection goes around.
  @FunctionalInterface
  private interface Sublayer {
    Tensor of(Tensor x);
  }

  /// Creates a model whose parameters have no values yet.
  ///
  /// @param trainable whether parameters get memory for gradients
  public EncoderDecoder(EncoderDecoderConfig config, boolean trainable) {
    this.config = config;
    this.parameters = new Parameters(trainable);
    int width = config.width();
    double deviation = 1 / Math.sqrt(width);
    boolean all = config.shared() == SharedTables.ALL;
    sourceEmbedding =
        parameters.embedding(
            all ? "shared.weight" : "encoder.embed_tokens.weight",
            config.sourceVocabulary(),
            width,
            deviation);
    targetEmbedding =
        all
            ? sourceEmbedding
            : parameters.embedding(
                "decoder.embed_tokens.weight", config.targetVocabulary(), width, deviation);
    positions = config.positions().table(constants, config.context(), width);
    encoder = new EncoderLayer[config.encoderLayers()];
    for (int layer = 0; layer < encoder.length; layer++) {
      String path = "encoder.layers." + layer;
      encoder[layer] = new EncoderLayer(attending(path + ".self_attn"), feedForward(path + "."));
    }
    encoderNorm = lastNorm("encoder.layer_norm");
    decoder = new DecoderLayer[config.decoderLayers()];
    for (int layer = 0; layer < decoder.length; layer++) {
      String path = "decoder.layers." + layer;
      decoder[layer] =
          new DecoderLayer(
              attending(path + ".self_attn"),
              attending(path + ".encoder_attn"),
              feedForward(path + "."));
    }
    decoderNorm = lastNorm("decoder.layer_norm");
    head =
        config.shared() == SharedTables.NONE
            ? parameters.head("lm_head.weight", config.targetVocabulary(), width, deviation)
            : targetEmbedding;
    headBias =
        config.headBias()
            ? Optional.of(parameters.bias("lm_head.bias", config.targetVocabulary()))
            : Optional.empty();
  }

  private Attending attending(String path) {
    return new Attending(
        norm(path + "_layer_norm"),
        projection(path + ".q_proj"),
        projection(path + ".k_proj"),
        projection(path + ".v_proj"),
        projection(path + ".out_proj"));
  }

  private Projection projection(String path) {
    return projection(path, config.width(), config.width(), config.attentionBiases());
  }

  private Projection projection(String path, int out, int in, boolean bias) {
    // Xavier's (Glorot and Bengio 2010).
    double deviation = Math.sqrt(2.0 / (in + out));
    return new Projection(
        parameters.matrix(path + ".weight", out, in, deviation),
        bias ? Optional.of(parameters.bias(path + ".bias", out)) : Optional.empty());
  }

  private FeedForward feedForward(String path) {
    int width = config.width();
    int inner = config.feedForward();
    return new FeedForward(
        norm(path + "final_layer_norm"),
        switch (config.activation()) {
          case SWIGLU -> Optional.of(projection(path + "fc_gate", inner, width, true));
          case RELU, GELU -> Optional.empty();
        },
        projection(path + "fc1", inner, width, true),
        projection(path + "fc2", width, inner, true));
  }

  private Norm norm(String path) {
    return new Norm(
        parameters.scale(path + ".weight", config.width()),
        parameters.bias(path + ".bias", config.width()));
  }

  private Optional<Norm> lastNorm(String path) {
    return config.norm() == NormPlacement.PRE ? Optional.of(norm(path)) : Optional.empty();
  }

  /// Reads sources.
  ///
  /// @param sources (B, S), int32
  /// @param lengths how many ids of each source count
  /// @return (B, S, C), of which the rows of padding mean nothing
  public Tensor encode(Pass pass, Tensor sources, int... lengths) {
    return encode(pass, sources, lengths, Dropouts.none());
  }

  private Tensor encode(Pass pass, Tensor sources, int[] lengths, Dropouts dropouts) {
    checkLengths(sources, lengths);
    Tensor x = embed(pass, sources, sourceEmbedding, 0, dropouts);
    for (EncoderLayer layer : encoder) {
      Attending self = layer.self;
      x =
          around(
              pass,
              self.norm,
              x,
              dropouts,
              normed -> {
                Tensor q = heads(self.query.of(pass, normed));
                Tensor k = heads(self.key.of(pass, normed));
                Tensor v = heads(self.value.of(pass, normed));
                return self.output.of(pass, rows(toAll(pass, q, k, v, lengths)));
              });
      x = around(pass, layer.feedForward.norm, x, dropouts, y -> fed(pass, layer.feedForward, y));
    }
    return normed(pass, encoderNorm, x);
  }

  /// Computes the decoder's last hidden states for whole targets.
  ///
  /// @param encoded (B, S, C)
  /// @param sourceLengths how many rows of each source count
  /// @param ids (B, T), int32: the start and the target but its last id
  /// @return (B, T, C)
  public Tensor decode(Pass pass, Tensor encoded, int[] sourceLengths, Tensor ids) {
    return decode(pass, encoded, sourceLengths, ids, Dropouts.none());
  }

  private Tensor decode(
      Pass pass, Tensor encoded, int[] sourceLengths, Tensor ids, Dropouts dropouts) {
    Tensor x = embed(pass, ids, targetEmbedding, 0, dropouts);
    for (int i = 0; i < decoder.length; i++) {
      Attending cross = decoder[i].cross;
      Tensor keys = heads(cross.key.of(pass, encoded));
      Tensor values = heads(cross.value.of(pass, encoded));
      x = layer(pass, i, x, keys, values, sourceLengths, Optional.empty(), dropouts);
    }
    return normed(pass, decoderNorm, x);
  }

  /// Gets ready to write targets id by id. What is kept lives in the pass's workspace.
  ///
  /// @param encoded (B, S, C)
  /// @param sourceLengths how many rows of each source count
  /// @param beams the most targets in the making of each source
  /// @param capacity the most positions of a target
  public DecoderState start(
      Pass pass, Tensor encoded, int[] sourceLengths, int beams, int capacity) {
    Tensor[] keys = new Tensor[decoder.length];
    Tensor[] values = new Tensor[decoder.length];
    for (int i = 0; i < decoder.length; i++) {
      keys[i] = heads(decoder[i].cross.key.of(pass, encoded));
      values[i] = heads(decoder[i].cross.value.of(pass, encoded));
    }
    int sources = sourceLengths.length;
    KvCache written =
        new KvCache(
            pass.workspace(),
            decoder.length,
            sources * beams,
            capacity,
            config.heads(),
            config.headDim());
    written.restart(sources);
    return new DecoderState(written, keys, values, sourceLengths.clone());
  }

  /// Computes the last hidden states of the next positions, which the state then holds.
  ///
  /// @param ids (targets, T), int32
  /// @return (targets, T, C)
  public Tensor decode(Pass pass, DecoderState state, Tensor ids) {
    int length = ids.shape().dimension(1);
    Tensor x = embed(pass, ids, targetEmbedding, state.length(), Dropouts.none());
    for (int i = 0; i < decoder.length; i++) {
      x =
          layer(
              pass,
              i,
              x,
              state.keys(i),
              state.values(i),
              state.sourceLengths(),
              Optional.of(state.written()),
              Dropouts.none());
    }
    state.written().advance(length);
    return normed(pass, decoderNorm, x);
  }

  private Tensor layer(
      Pass pass,
      int index,
      Tensor x,
      Tensor keys,
      Tensor values,
      int[] sourceLengths,
      Optional<KvCache> written,
      Dropouts dropouts) {
    DecoderLayer layer = decoder[index];
    Attending self = layer.self;
    Tensor attended =
        around(
            pass,
            self.norm,
            x,
            dropouts,
            normed -> {
              Tensor q = heads(self.query.of(pass, normed));
              Tensor k = heads(self.key.of(pass, normed));
              Tensor v = heads(self.value.of(pass, normed));
              return self.output.of(pass, SelfAttention.attend(pass, index, q, k, v, written));
            });
    Tensor crossed =
        around(
            pass,
            layer.cross.norm,
            attended,
            dropouts,
            normed -> cross(pass, index, normed, keys, values, sourceLengths));
    FeedForward feedForward = layer.feedForward;
    return around(pass, feedForward.norm, crossed, dropouts, y -> fed(pass, feedForward, y));
  }

  /// Attends to the sources. The targets of one source are queries of one sequence here, so that
  /// they read the same keys.
  private Tensor cross(
      Pass pass, int index, Tensor x, Tensor keys, Tensor values, int[] sourceLengths) {
    Attending cross = decoder[index].cross;
    int sources = sourceLengths.length;
    int perSource = x.shape().rows() / sources;
    Tensor q = cross.query.of(pass, x).view(sources, perSource, config.heads(), config.headDim());
    pass.observe("decoder.layers.", index, ".encoder_attn.q", q);
    pass.observe("decoder.layers.", index, ".encoder_attn.k", keys);
    Tensor mixed = toAll(pass, q, keys, values, sourceLengths);
    return cross.output.of(
        pass, mixed.view(x.shape().dimension(0), x.shape().dimension(1), config.width()));
  }

  /// Attends to every key but padding.
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, S, H, D); `v` likewise
  private static Tensor toAll(Pass pass, Tensor q, Tensor k, Tensor v, int[] keyLengths) {
    int heads = q.shape().dimension(2);
    List<Integer> lengths = Arrays.stream(keyLengths).boxed().toList();
    AttentionShape shape =
        AttentionShape.cross(
                q.shape().dimension(0),
                q.shape().dimension(1),
                k.shape().dimension(1),
                heads,
                heads,
                q.shape().width())
            .withKeyLengths(lengths);
    return Attention.attention(pass, shape, q, k, v);
  }

  private Tensor fed(Pass pass, FeedForward feedForward, Tensor x) {
    Tensor inner = feedForward.inner.of(pass, x);
    Tensor activated =
        switch (config.activation()) {
          case RELU -> Activations.relu(pass, inner);
          case GELU -> Activations.gelu(pass, inner);
          case SWIGLU ->
              Activations.swiGlu(pass, feedForward.gate.orElseThrow().of(pass, x), inner);
        };
    return feedForward.output.of(pass, activated);
  }

  private Tensor around(Pass pass, Norm norm, Tensor x, Dropouts dropouts, Sublayer sublayer) {
    return switch (config.norm()) {
      case PRE -> add(pass, x, dropouts.next(pass, sublayer.of(normed(pass, norm, x))));
      case POST -> normed(pass, norm, add(pass, x, dropouts.next(pass, sublayer.of(x))));
    };
  }

  private Tensor normed(Pass pass, Norm norm, Tensor x) {
    return layerNorm(pass, x, norm.weight, norm.bias, config.normEpsilon());
  }

  private Tensor normed(Pass pass, Optional<Norm> norm, Tensor x) {
    return norm.isPresent() ? normed(pass, norm.get(), x) : x;
  }

  private Tensor embed(Pass pass, Tensor ids, Tensor table, int start, Dropouts dropouts) {
    int end = start + ids.shape().dimension(1);
    if (end > config.context()) {
      throw new IllegalArgumentException(
          "the model takes " + config.context() + " positions, but " + end + " are needed");
    }
    Tensor tokens = embedding(pass, ids, table);
    Tensor scaled =
        config.scaledEmbedding()
            ? Scale.scale(pass, tokens, (float) Math.sqrt(config.width()))
            : tokens;
    return dropouts.next(pass, add(pass, scaled, positions.rows(start, end)));
  }

  private Tensor heads(Tensor x) {
    return x.view(x.shape().dimension(0), x.shape().dimension(1), config.heads(), config.headDim());
  }

  private Tensor rows(Tensor x) {
    return x.view(x.shape().dimension(0), x.shape().dimension(1), config.width());
  }

  private static void checkLengths(Tensor sources, int[] lengths) {
    if (sources.shape().dimension(0) != lengths.length) {
      throw new IllegalArgumentException(
          "encoder: sources " + sources.shape() + " need as many lengths, not " + lengths.length);
    }
    for (int length : lengths) {
      if (length < 1 || length > sources.shape().dimension(1)) {
        throw new IllegalArgumentException(
            "encoder: a source of " + length + " ids does not fit " + sources.shape());
      }
    }
  }

  /// Computes logits.
  ///
  /// @param hidden (…, C)
  /// @return (…, V)
  public Tensor logits(Pass pass, Tensor hidden) {
    return new Projection(head, headBias).of(pass, hidden);
  }

  /// Computes the mean loss of predicting each target id from the source and the ids before it, in
  /// nats.
  ///
  /// @param dropouts one for each pass in training
  /// @param smoothing ε of label smoothing, in [0, 1)
  public CrossEntropy.Loss loss(
      Pass pass, TranslationBatch batch, Dropouts dropouts, float smoothing) {
    if (headBias.isPresent()) {
      throw new IllegalArgumentException(
          "a model whose projection to the vocabulary has a bias is only used, not trained");
    }
    Tensor encoded = encode(pass, batch.sources(), batch.sourceLengths(), dropouts);
    Tensor hidden = decode(pass, encoded, batch.sourceLengths(), batch.inputs(), dropouts);
    return CrossEntropy.linearCrossEntropy(
        pass, hidden, head, batch.targets(), Float.POSITIVE_INFINITY, smoothing);
  }

  public EncoderDecoderConfig config() {
    return config;
  }

  public Parameters parameters() {
    return parameters;
  }

  /// Gives the parameters' memory back.
  @Override
  public void close() {
    parameters.close();
    constants.close();
  }
}
