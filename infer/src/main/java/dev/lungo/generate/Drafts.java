package dev.lungo.generate;

/// What became of the ids that a draft model proposed.
///
/// @param acceptanceRate the share that was taken, 0 without any
public record Drafts(long proposed, long accepted, double acceptanceRate) {
  static Drafts of(long proposed, long accepted) {
    return new Drafts(proposed, accepted, proposed == 0 ? 0 : (double) accepted / proposed);
  }
}
