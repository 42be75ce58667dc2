package dev.lungo.generate;

import java.util.Map;

/// How a chat samples, as a person sets it by name.
///
/// @param tokens most of one answer
public record ChatSettings(
    float temperature,
    int topK,
    float topP,
    float minP,
    float repetitionPenalty,
    int repetitionWindow,
    int tokens,
    long seed) {
  private static final String NAMES =
      "temperature, top-k, top-p, min-p, repetition-penalty, repetition-window, tokens, seed";

  /// @throws IllegalArgumentException if a value is out of its range
  public ChatSettings {
    if (tokens < 1) {
      throw new IllegalArgumentException("tokens must be at least 1, but are " + tokens);
    }
    sampling(temperature, topK, topP, minP, repetitionPenalty, repetitionWindow, seed);
  }

  private static Sampler.Settings sampling(
      float temperature,
      int topK,
      float topP,
      float minP,
      float repetitionPenalty,
      int repetitionWindow,
      long seed) {
    return new Sampler.Settings(
        temperature, topK, topP, minP, repetitionPenalty, repetitionWindow, seed);
  }

  /// Returns these settings with one of them changed.
  ///
  /// @throws IllegalArgumentException if there is no such setting, or the value is none of it
  public ChatSettings with(String name, String value) {
    try {
      return switch (name) {
        case "temperature" ->
            new ChatSettings(
                Float.parseFloat(value),
                topK,
                topP,
                minP,
                repetitionPenalty,
                repetitionWindow,
                tokens,
                seed);
        case "top-k" ->
            new ChatSettings(
                temperature,
                Integer.parseInt(value),
                topP,
                minP,
                repetitionPenalty,
                repetitionWindow,
                tokens,
                seed);
        case "top-p" ->
            new ChatSettings(
                temperature,
                topK,
                Float.parseFloat(value),
                minP,
                repetitionPenalty,
                repetitionWindow,
                tokens,
                seed);
        case "min-p" ->
            new ChatSettings(
                temperature,
                topK,
                topP,
                Float.parseFloat(value),
                repetitionPenalty,
                repetitionWindow,
                tokens,
                seed);
        case "repetition-penalty" ->
            new ChatSettings(
                temperature,
                topK,
                topP,
                minP,
                Float.parseFloat(value),
                repetitionWindow,
                tokens,
                seed);
        case "repetition-window" ->
            new ChatSettings(
                temperature,
                topK,
                topP,
                minP,
                repetitionPenalty,
                Integer.parseInt(value),
                tokens,
                seed);
        case "tokens" ->
            new ChatSettings(
                temperature,
                topK,
                topP,
                minP,
                repetitionPenalty,
                repetitionWindow,
                Integer.parseInt(value),
                seed);
        case "seed" ->
            new ChatSettings(
                temperature,
                topK,
                topP,
                minP,
                repetitionPenalty,
                repetitionWindow,
                tokens,
                Long.parseLong(value));
        default ->
            throw new IllegalArgumentException(
                "there is no setting " + name + "; settings are " + NAMES);
      };
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " takes a number, not \"" + value + "\"");
    }
  }

  /// Returns what the session takes for an answer.
  ///
  /// @param turn by which the seed differs from answer to answer, so that another try is another
  ///   answer
  ChatSession.Settings forTurn(int turn, Map<String, Object> variables) {
    return new ChatSession.Settings(
        sampling(temperature, topK, topP, minP, repetitionPenalty, repetitionWindow, seed + turn),
        tokens,
        variables);
  }

  /// Returns the settings on one line, by their names.
  public String line() {
    return "temperature "
        + temperature
        + ", top-k "
        + topK
        + ", top-p "
        + topP
        + ", min-p "
        + minP
        + ", repetition-penalty "
        + repetitionPenalty
        + ", repetition-window "
        + repetitionWindow
        + ", tokens "
        + tokens
        + ", seed "
        + seed;
  }
}
