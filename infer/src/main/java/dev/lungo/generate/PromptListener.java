package dev.lungo.generate;

/// Hears how far a prompt of more than one block has been read.
@FunctionalInterface
public interface PromptListener {
  /// @param read tokens that the model has read, of `all` that the prompt has
  void read(int read, int all);
}
