package dev.lungo.generate;

/// What became of the ids that a draft model proposed.
public record Drafts(long proposed, long accepted) {
  /// Returns the share of proposals that were taken, 0 without any.
  public double acceptanceRate() {
    return proposed == 0 ? 0 : (double) accepted / proposed;
  }
}
