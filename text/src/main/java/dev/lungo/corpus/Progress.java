package dev.lungo.corpus;

/// Is told how far long work has come. Called from the thread that started the work.
@FunctionalInterface
public interface Progress {
  /// Tells nobody.
  Progress NONE = (done, total) -> {};

  /// @param done bytes of the corpus that are done
  /// @param total bytes of the corpus
  void update(long done, long total);
}
