package dev.lungo.bench;

import java.io.IOException;

/// Something that takes training steps over given batches.
interface TrainingContestant extends AutoCloseable {
  /// What some steps came to.
  ///
  /// @param losses of each step, in nats per token, before the step
  record Steps(double seconds, double[] losses) {}

  /// Takes `count` steps over batches `first`, `first + 1`, … (around the end of the file to its
  /// beginning).
  Steps run(int first, int count) throws IOException;

  @Override
  void close() throws IOException;
}
