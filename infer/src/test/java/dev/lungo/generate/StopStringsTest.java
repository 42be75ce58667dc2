package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class StopStringsTest {
  @Test
  void aStopStringInPiecesIsNeverShown() {
    StopStrings stops = new StopStrings(List.of("<|end|>"));
    assertThat(stops.push("Hello <")).isEqualTo("Hello ");
    assertThat(stops.push("|en")).isEmpty();
    assertThat(stops.push("d|> and more")).isEmpty();
    assertThat(stops.stopped()).isTrue();
    assertThat(stops.finish()).isEmpty();
    assertThatThrownBy(() -> stops.push("x")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void whatTurnsOutToBeNoneIsShownAfterAll() {
    StopStrings stops = new StopStrings(List.of("<|end|>"));
    assertThat(stops.push("a <|e")).isEqualTo("a ");
    assertThat(stops.push("x")).isEqualTo("<|ex");
    assertThat(stops.push("<|en")).isEmpty();
    assertThat(stops.finish()).isEqualTo("<|en");
    assertThat(stops.stopped()).isFalse();
  }

  @Test
  void overlappingBeginningsAreFollowed() {
    StopStrings stops = new StopStrings(List.of("aab"));
    assertThat(stops.push("a")).isEmpty();
    assertThat(stops.push("a")).isEmpty();
    assertThat(stops.push("a")).isEqualTo("a");
    assertThat(stops.push("b")).isEmpty();
    assertThat(stops.stopped()).isTrue();
  }

  @Test
  void withoutStopsEverythingPasses() {
    StopStrings stops = new StopStrings(List.of());
    assertThat(stops.push("x")).isEqualTo("x");
    assertThat(stops.finish()).isEmpty();
  }

  @Test
  void emptyStopsAreRefused() {
    assertThatThrownBy(() -> new StopStrings(List.of("a", "")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /// Against the plain definition, on random texts over two letters cut at random.
  @Test
  void howTheTextIsCutMakesNoDifference() {
    SplittableRandom random = new SplittableRandom(11);
    int stopped = 0;
    for (int round = 0; round < 5000; round++) {
      List<String> stops = new ArrayList<>();
      for (int i = 0; i <= random.nextInt(3); i++) {
        stops.add(word(random, 1 + random.nextInt(6)));
      }
      String text = word(random, random.nextInt(20));
      StopStrings streaming = new StopStrings(stops);
      StringBuilder shown = new StringBuilder();
      int from = 0;
      while (from < text.length() && !streaming.stopped()) {
        int to = from + 1 + random.nextInt(text.length() - from);
        shown.append(streaming.push(text.substring(from, to)));
        from = to;
      }
      shown.append(streaming.finish());
      assertThat(shown.toString()).as(text + " until " + stops).isEqualTo(until(text, stops));
      stopped += streaming.stopped() ? 1 : 0;
    }
    assertThat(stopped).isBetween(500, 4900);
  }

  private static String until(String text, List<String> stops) {
    for (int end = 1; end <= text.length(); end++) {
      String longest = "";
      for (String stop : stops) {
        if (text.substring(0, end).endsWith(stop) && stop.length() > longest.length()) {
          longest = stop;
        }
      }
      if (!longest.isEmpty()) {
        return text.substring(0, end - longest.length());
      }
    }
    return text;
  }

  private static String word(SplittableRandom random, int length) {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < length; i++) {
      word.append(random.nextInt(3) == 0 ? 'b' : 'a');
    }
    return word.toString();
  }
}
