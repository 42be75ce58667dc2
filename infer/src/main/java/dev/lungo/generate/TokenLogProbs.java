package dev.lungo.generate;

import java.util.List;

/// The log-probability of a token, in nats, under the model's own distribution: before penalties,
/// filters and temperature.
///
/// @param token its text; bytes that are no whole character are U+FFFD
/// @param top the likeliest tokens at its place, likeliest first
public record TokenLogProbs(int id, String token, double logProb, List<Alternative> top) {
  /// What else could have stood there.
  public record Alternative(int id, String token, double logProb) {}
}
