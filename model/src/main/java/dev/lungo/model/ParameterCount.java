package dev.lungo.model;

/// How many numbers a model learns, by where they are.
///
/// @param tokenEmbedding the table of token vectors, V·C
/// @param positionEmbedding the table of position vectors
/// @param attentionMatrices query, key, value and output projections of all layers
/// @param feedForwardMatrices the feed-forward projections of all layers, or the recurrent ones
/// @param vectors norms' factors and all biases
/// @param head the projection to the vocabulary, 0 when it is the token embedding
public record ParameterCount(
    long tokenEmbedding,
    long positionEmbedding,
    long attentionMatrices,
    long feedForwardMatrices,
    long vectors,
    long head) {

  /// Counts a model's parameters without building it.
  public static ParameterCount of(ModelConfig config) {
    long width = config.width();
    long queries = (long) config.heads() * config.headDim();
    long keys = (long) config.kvHeads() * config.headDim();
    long inner = config.feedForward();
    long layers = config.layers();
    long table = config.vocabulary() * width;
    long head = config.tiedEmbeddings() ? 0 : table;
    long attention = layers * (2 * width * queries + 2 * width * keys);
    return switch (config) {
      case LlamaConfig llama ->
          new ParameterCount(
              table,
              llama.positions() == PositionScheme.LEARNED ? llama.context() * width : 0,
              attention,
              layers * 3 * width * inner,
              layers * (2 * width + llamaVectors(llama)) + width,
              head);
      case GemmaConfig gemma -> {
        long headNorms = gemma.generation().headNorms() ? 2L * gemma.headDim() : 0;
        yield new ParameterCount(
            table,
            0,
            attention,
            layers * 3 * width * inner,
            layers * (4 * width + headNorms) + width,
            head);
      }
      case Gpt2Config gpt2 ->
          ofGpt(gpt2, gpt2.positions() == PositionScheme.LEARNED ? gpt2.context() : 0);
      case OptConfig opt -> ofGpt(opt, opt.context() + OptConfig.UNUSED_POSITIONS);
      case RecurrentConfig recurrent ->
          new ParameterCount(
              table,
              0,
              0,
              layers * recurrent.matricesPerLayer(),
              layers * recurrent.biasesPerLayer(),
              head);
    };
  }

  /// Counts a model with biases everywhere and a table of positions.
  private static ParameterCount ofGpt(ModelConfig config, long positions) {
    long width = config.width();
    long inner = config.feedForward();
    long layers = config.layers();
    long biases = 3 * width + width + inner + width;
    long table = config.vocabulary() * width;
    return new ParameterCount(
        table,
        positions * width,
        layers * 4 * width * width,
        layers * 2 * width * inner,
        layers * (biases + 4 * width) + 2 * width,
        config.tiedEmbeddings() ? 0 : table);
  }

  private static long llamaVectors(LlamaConfig config) {
    long biases = (config.heads() + 2L * config.kvHeads()) * config.headDim();
    return (config.family().biases() ? biases : 0)
        + (config.family().headNorms() ? 2L * config.headDim() : 0);
  }

  /// Counts an encoder–decoder's parameters without building it.
  public static ParameterCount of(EncoderDecoderConfig config) {
    long width = config.width();
    long inner = config.feedForward();
    long source = config.sourceVocabulary() * width;
    long target = config.targetVocabulary() * width;
    long projections = config.activation() == EncoderDecoderConfig.Activation.SWIGLU ? 3 : 2;
    long feedForwardBiases = (projections - 1) * inner + width;
    long attentions = config.encoderLayers() + 2L * config.decoderLayers();
    long layers = config.encoderLayers() + config.decoderLayers();
    long lastNorms = config.norm() == EncoderDecoderConfig.NormPlacement.PRE ? 2 : 0;
    long norms = attentions + layers + lastNorms;
    return new ParameterCount(
        config.shared() == EncoderDecoderConfig.SharedTables.ALL ? source : source + target,
        0,
        attentions * 4 * width * width,
        layers * projections * width * inner,
        layers * feedForwardBiases
            + norms * 2 * width
            + (config.attentionBiases() ? attentions * 4 * width : 0)
            + (config.headBias() ? config.targetVocabulary() : 0),
        config.shared() == EncoderDecoderConfig.SharedTables.NONE ? target : 0);
  }

  /// Counts low-rank adapters on the query and value projections (Hu et al. 2021,
  /// arXiv:2106.09685).
  public static long ofLowRankAdapters(ModelConfig config, int rank) {
    long queries = (long) config.heads() * config.headDim();
    long values = (long) config.kvHeads() * config.headDim();
    return (long) config.layers() * rank * (config.width() + queries + config.width() + values);
  }

  /// Returns all of them, each shared one once.
  public long total() {
    return tokenEmbedding
        + positionEmbedding
        + attentionMatrices
        + feedForwardMatrices
        + vectors
        + head;
  }

  /// Returns N of the FLOP formulas: the numbers that a token is multiplied by. Table look-ups,
  /// norms and biases do not count; the projection to the vocabulary does, tied or not.
  public long matrixMultiplied() {
    return attentionMatrices + feedForwardMatrices + (head == 0 ? tokenEmbedding : head);
  }

  /// Returns what scaling laws after Kaplan et al. count: all but the tables and the projection to
  /// the vocabulary.
  public long withoutEmbeddings() {
    return attentionMatrices + feedForwardMatrices + vectors;
  }
}
