package dev.lungo.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CldrPairsTest {
  private final CldrPairs pairs = new CldrPairs();

  @Test
  void theSameSeedAndNumberGiveTheSamePair() {
    CldrPairs others = new CldrPairs();
    for (int i = 0; i < 50; i++) {
      assertThat(others.pair(7, i, false)).isEqualTo(pairs.pair(7, i, false));
    }
    assertThat(pairs.pair(7, 0, false)).isNotEqualTo(pairs.pair(8, 0, false));
  }

  @Test
  void whatIsHeldOutIsNeverDrawnForTraining() {
    Set<String> heldOut = new HashSet<>();
    for (int i = 0; i < 500; i++) {
      heldOut.add(pairs.pair(1, i, true).source());
    }
    assertThat(heldOut).hasSizeGreaterThan(400);
    for (int i = 0; i < 3000; i++) {
      assertThat(heldOut).doesNotContain(pairs.pair(2, i, false).source());
    }
  }

  @Test
  void bothLanguagesSayTheSame() {
    Set<TextPair> drawn = new HashSet<>();
    for (int i = 0; i < 3000; i++) {
      drawn.add(pairs.pair(3, i, false));
    }
    assertThat(drawn)
        .contains(new TextPair("one", "un"), new TextPair("seventh", "septième"))
        .noneMatch(pair -> pair.source().isBlank() || pair.target().isBlank());
  }
}
