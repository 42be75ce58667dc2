package dev.lungo.generate;

import java.util.Locale;

/// What a model answered.
///
/// @param promptTokens of the whole conversation as the template wrote it
/// @param reusedTokens how many of these were still in the cache from the turn before
/// @param forgottenMessages oldest messages that were left out, so that the rest fits the context
/// @param tokens generated, the end of the turn included
public record ChatAnswer(
    String text,
    int promptTokens,
    int reusedTokens,
    int forgottenMessages,
    int tokens,
    Finish finish,
    double promptSeconds,
    double tokensPerSecond) {

  /// Why an answer ended.
  public enum Finish {
    /// The model ended its turn.
    END_OF_TURN,
    /// As many tokens as were asked for.
    LENGTH,
    /// The context is full.
    CONTEXT,
    /// Somebody stopped it.
    INTERRUPTED
  }

  /// Returns one line for people.
  public String summary() {
    return String.format(
        Locale.ROOT,
        "%d tokens, %.0f tokens/s, after a prompt of %d (%d kept from before) in %.2f s, ended by %s",
        tokens,
        tokensPerSecond,
        promptTokens,
        reusedTokens,
        promptSeconds,
        finish.name().toLowerCase(Locale.ROOT).replace('_', ' '));
  }
}
