package dev.lungo.generate;

import dev.lungo.generate.TextGeneration.Finish;
import dev.lungo.tokenizer.StreamingDecoder;
import dev.lungo.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Turns the ids of one answer into text, as far as it is certain, and ends it where it ends.
final class AnswerText {
  private final Tokenizer tokenizer;
  private final StreamingDecoder decoder;
  private final int[] ends;
  private final StopStrings stops;
  private final Consumer<String> sink;
  private final int most;
  private final StringBuilder text = new StringBuilder();
  private Optional<Finish> finish = Optional.empty();
  private int tokens;

  /// @param prompt ids that the answer continues
  /// @param most tokens of an answer
  /// @param sink gets the text piece by piece
  AnswerText(
      Tokenizer tokenizer, int[] prompt, int most, List<String> stops, Consumer<String> sink) {
    this.tokenizer = tokenizer;
    this.most = most;
    this.stops = new StopStrings(stops);
    this.sink = sink;
    decoder = tokenizer.streamingDecoder();
    ends = tokenizer.generationEnds();
    for (int id : prompt) {
      // Whether a space belongs to the text depends on what stood before it.
      decoder.accept(id);
    }
  }

  /// Takes the next id.
  ///
  /// @return whether the text goes on
  boolean take(int id) {
    tokens++;
    if (Arrays.binarySearch(ends, id) >= 0) {
      return end(Finish.END_OF_TEXT);
    }
    emit(stops.push(id < tokenizer.vocabularySize() ? decoder.accept(id) : ""));
    if (stops.stopped()) {
      finish = Optional.of(Finish.STOP);
      return false;
    }
    return tokens < most || end(Finish.LENGTH);
  }

  /// Ends the text.
  ///
  /// @return false: it does not go on
  boolean end(Finish reason) {
    finish = Optional.of(reason);
    emit(stops.push(decoder.finish()));
    emit(stops.finish());
    return false;
  }

  private void emit(String piece) {
    if (!piece.isEmpty()) {
      text.append(piece);
      sink.accept(piece);
    }
  }

  /// Returns why the text ended, once it has.
  Optional<Finish> finish() {
    return finish;
  }

  /// Returns how many ids there were, the end of the text included.
  int tokens() {
    return tokens;
  }

  String text() {
    return text.toString();
  }
}
