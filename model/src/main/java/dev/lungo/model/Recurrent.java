package dev.lungo.model;

import static dev.lungo.op.Embedding.embedding;
import static dev.lungo.op.Recurrent.recurrent;
import static dev.lungo.op.Transpose.swapFirst;

import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.nn.Dropouts;
import dev.lungo.nn.KvCache;
import dev.lungo.nn.Parameters;
import dev.lungo.op.Pass;
import dev.lungo.op.Recurrent.State;
import dev.lungo.op.Recurrent.States;
import dev.lungo.op.Recurrent.Weights;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// A recurrent language model (Mikolov et al. 2010): token vectors, stacked recurrent layers with
/// dropout between them (Zaremba et al. 2014, arXiv:1409.2329), a projection to the vocabulary.
///
/// In training each sequence begins with a state of zeros, and gradients go back to its beginning
/// or only within pieces of it, through which the state goes on: truncated back-propagation through
/// time. In generation the states of all positions are kept where a Transformer keeps keys (h) and
/// values (c). The last of them is all that the next step needs; with the others generation can go
/// back.
public final class Recurrent implements LanguageModel {
  private final RecurrentConfig config;
  private final Parameters parameters;
  private final Tensor embedding;
  private final Weights[] layers;
  private final Tensor head;

  Recurrent(RecurrentConfig config, Parameters parameters) {
    this.config = config;
    this.parameters = parameters;
    int width = config.width();
    // As PyTorch has it, whose bounds ±1/√H of a uniform distribution mean this deviation.
    double deviation = 1 / Math.sqrt(3.0 * width);
    embedding = parameters.embedding("embedding.weight", config.vocabulary(), width, 0.1);
    layers = new Weights[config.layers()];
    int rows = config.cell().gates() * width;
    for (int layer = 0; layer < layers.length; layer++) {
      String path = "layers." + layer + ".";
      layers[layer] =
          new Weights(
              parameters.matrix(path + "input.weight", rows, width, deviation),
              parameters.matrix(path + "hidden.weight", rows, width, deviation),
              parameters.bias(path + "bias", rows),
              config.cell() == Cell.GRU
                  ? Optional.of(parameters.bias(path + "hidden.bias", width))
                  : Optional.empty());
    }
    head =
        config.tiedEmbeddings()
            ? embedding
            : parameters.head("head.weight", config.vocabulary(), width, deviation);
  }

  /// Gives every parameter its first value; an LSTM's forget gates begin open, so that it begins
  /// with a memory (Jozefowicz et al. 2015), and a rectified network hands its state on as it is
  /// (Le et al. 2015, arXiv:1504.00941).
  @Override
  public void initialize(RandomNumbers random) {
    parameters.initialize(random);
    for (Weights weights : layers) {
      switch (config.cell()) {
        case LSTM -> weights.bias().rows(config.width(), 2 * config.width()).fill(1);
        case RNN_RELU -> {
          float[] identity = new float[config.width() * config.width()];
          for (int unit = 0; unit < config.width(); unit++) {
            identity[unit * config.width() + unit] = 1;
          }
          weights.hidden().set(identity);
        }
        case RNN_TANH, GRU -> {}
      }
    }
  }

  @Override
  public Tensor hidden(Pass pass, Tensor ids, Optional<KvCache> cache) {
    int start = cache.map(KvCache::length).orElse(0);
    int length = ids.shape().dimension(1);
    checkLength(start, length);
    Dropouts dropouts = dropouts(pass, ids);
    int truncation = config.truncation() == 0 ? Integer.MAX_VALUE : config.truncation();
    Tensor x = swapFirst(pass, embedding(pass, ids, embedding));
    pass.observe("embedding", x);
    for (int layer = 0; layer < layers.length; layer++) {
      int index = layer;
      Optional<State> first =
          start == 0 ? Optional.empty() : cache.map(seen -> state(pass, seen, index));
      Tensor in = dropouts.next(pass, x);
      States states = recurrent(pass, config.cell(), in, layers[layer], first, truncation);
      x = states.hidden();
      pass.observe("layers.", layer, ".h", x);
      if (states.cell().isPresent()) {
        pass.observe("layers.", layer, ".c", states.cell().get());
      }
      cache.ifPresent(filled -> keep(pass, filled, index, states));
    }
    cache.ifPresent(filled -> filled.advance(length));
    return swapFirst(pass, dropouts.next(pass, x));
  }

  /// Makes the masks of a training step. Their seed comes from the ids, so that a resumed run draws
  /// the same ones.
  private Dropouts dropouts(Pass pass, Tensor ids) {
    if (!pass.records() || config.dropout() == 0) {
      return Dropouts.none();
    }
    long seed = 1;
    MemorySegment data = ids.data();
    for (long i = 0; i < ids.elements(); i++) {
      seed = 31 * seed + data.getAtIndex(ValueLayout.JAVA_INT, i);
    }
    return new Dropouts(config.dropout(), seed);
  }

  private State state(Pass pass, KvCache cache, int layer) {
    return new State(
        cache.lastKeys(pass, layer),
        config.cell().hasCell() ? Optional.of(cache.lastValues(pass, layer)) : Optional.empty());
  }

  /// Keeps the states of new positions. A cell without c needs no values.
  private static void keep(Pass pass, KvCache cache, int layer, States states) {
    Tensor hidden = swapFirst(pass, states.hidden());
    cache.store(layer, hidden, states.cell().map(c -> swapFirst(pass, c)));
  }

  @Override
  public KvCache newCache(Workspace workspace, int batch, int capacity, DType type) {
    if (type != DType.FLOAT32) {
      throw new IllegalArgumentException(
          "a recurrent model keeps its state in FLOAT32, because every step would add to the error"
              + " of "
              + type
              + "; leave the type of the cache out");
    }
    return LanguageModel.super.newCache(workspace, batch, capacity, type);
  }

  @Override
  public RecurrentConfig config() {
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
