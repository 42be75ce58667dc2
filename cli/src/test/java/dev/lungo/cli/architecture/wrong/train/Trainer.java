package dev.lungo.cli.architecture.wrong.train;

import dev.lungo.cli.architecture.wrong.model.TrainingModel;
import java.util.Optional;

/// Knows models, as it may.
public final class Trainer {
  public Optional<TrainingModel> model() {
    return Optional.empty();
  }
}
