package dev.lungo.model;

import dev.lungo.nn.KvCache;
import dev.lungo.nn.Parameters;
import dev.lungo.nn.RollingWindow;
import dev.lungo.nn.StoredWeights;
import dev.lungo.op.CrossEntropy;
import dev.lungo.op.Linear;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Optional;

/// A decoder-only language model: ids in, a prediction of each next id out.
public sealed interface LanguageModel extends AutoCloseable
    permits Llama, Gemma, Gpt2, Opt, Recurrent {
  /// Creates a model whose parameters have no values yet.
  ///
  /// @param trainable whether parameters get memory for gradients
  static LanguageModel create(ModelConfig config, boolean trainable) {
    return of(config, new Parameters(trainable));
  }

  /// Opens a model whose parameters stay where they are stored.
  static LanguageModel open(ModelConfig config, StoredWeights weights) {
    Parameters parameters = new Parameters(weights);
    try {
      return of(config, parameters);
    } catch (RuntimeException failed) {
      parameters.close();
      throw failed;
    }
  }

  private static LanguageModel of(ModelConfig config, Parameters parameters) {
    return switch (config) {
      case LlamaConfig llama -> new Llama(llama, parameters);
      case GemmaConfig gemma -> new Gemma(gemma, parameters);
      case Gpt2Config gpt2 -> new Gpt2(gpt2, parameters);
      case OptConfig opt -> new Opt(opt, parameters);
      case RecurrentConfig recurrent -> new Recurrent(recurrent, parameters);
    };
  }

  ModelConfig config();

  Parameters parameters();

  /// Gives every parameter its first value.
  default void initialize(RandomNumbers random) {
    parameters().initialize(random);
  }

  /// Computes the last hidden states, after the final norm: the same code for training, prefill and
  /// decoding.
  ///
  /// @param ids (B, T), int32
  /// @param cache the positions before these, which grows by T
  /// @return (B, T, C)
  Tensor hidden(Pass pass, Tensor ids, Optional<KvCache> cache);

  /// Returns the projection to the vocabulary, (V, C).
  Tensor head();

  /// Computes logits.
  ///
  /// @param hidden (…, C)
  /// @return (…, V)
  default Tensor logits(Pass pass, Tensor hidden) {
    return Linear.linear(pass, hidden, head());
  }

  /// Computes the mean loss of predicting `targets`, in nats.
  ///
  /// @param ids (B, T), int32
  /// @param targets (B, T), int32: the id that follows each
  default CrossEntropy.Loss loss(Pass pass, Tensor ids, Tensor targets) {
    return CrossEntropy.linearCrossEntropy(
        pass, hidden(pass, ids, Optional.empty()), head(), targets);
  }

  /// Reserves a cache for `batch` sequences of up to `capacity` positions.
  default KvCache newCache(Workspace workspace, int batch, int capacity) {
    return newCache(workspace, batch, capacity, DType.FLOAT32);
  }

  /// Reserves a cache whose numbers are FLOAT32, FLOAT16 or Q8_0.
  default KvCache newCache(Workspace workspace, int batch, int capacity, DType type) {
    ModelConfig config = config();
    return new KvCache(
        workspace, config.layers(), batch, capacity, config.kvHeads(), config.headDim(), type);
  }

  /// Reserves a cache that keeps a window and the first positions of texts of any length.
  ///
  /// @throws IllegalArgumentException if keys of this model cannot move, or its context is too
  ///   short
  default KvCache newRollingCache(
      Workspace workspace, int batch, RollingWindow window, DType type) {
    throw new IllegalArgumentException(
        "a cache can forget where positions are rotary, alibi or none in a Llama; this model's keys"
            + " hold where they stood");
  }

  /// Checks that positions fit the context.
  default void checkLength(int from, int count) {
    if (from + count > config().context()) {
      throw new IllegalArgumentException(
          "the model's context is "
              + config().context()
              + " positions, but "
              + (from + count)
              + " are needed; shorten the prompt, generate fewer tokens, or extend the context");
    }
  }

  /// Gives the parameters' memory back.
  @Override
  default void close() {
    parameters().close();
  }
}
