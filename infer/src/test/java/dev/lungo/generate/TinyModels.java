package dev.lungo.generate;

import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.nn.Parameter;
import dev.lungo.tensor.RandomNumbers;

/// Models with random weights, small enough to try everything.
final class TinyModels {
  private TinyModels() {}

  /// Returns a model whose distributions are far from uniform and differ from place to place.
  static LanguageModel random(int vocabulary, int context, long seed) {
    LlamaConfig config =
        new LlamaConfig(vocabulary, 16, 2, 2, 1, 8, 24, context, 1e-5f, 10_000, false);
    LanguageModel model = LanguageModel.create(config, false);
    RandomNumbers random = new RandomNumbers(seed);
    model.parameters().initialize(random);
    for (Parameter parameter : model.parameters().all()) {
      switch (parameter.role()) {
        case MATRIX, EMBEDDING, HEAD -> random.fillNormal(parameter.tensor(), 0.4);
        case SCALE, BIAS -> {}
      }
    }
    return model;
  }
}
