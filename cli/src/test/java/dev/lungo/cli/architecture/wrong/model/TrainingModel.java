package dev.lungo.cli.architecture.wrong.model;

import dev.lungo.cli.architecture.wrong.train.Trainer;

/// Breaks a rule: a model that knows who trains it.
public interface TrainingModel {
  void trainWith(Trainer trainer);
}
