package dev.lungo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionPatternTest {
  private static final int KEYS = 100;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "causal",
        "everything",
        "window:7",
        "strided:6",
        "strided:1",
        "fixed:16,summary:1",
        "fixed:10,summary:10",
        "global:3,window:9",
        "everything,global:3,window:9",
        "sinks:4,window:16",
        "sinks:4,window:1",
        "blocks:30,1/11/001/1001",
        "everything,blocks:30,1/11/0111/1001"
      })
  void runsAndGatheredKeysHoldEveryKeyThatIsSeen(String text) {
    AttentionPattern pattern = AttentionPattern.parse(text);
    assertThat(pattern.text()).isEqualTo(text);
    int[] into = new int[KEYS];
    for (int queries : new int[] {1, 3, 16, 64}) {
      for (int first = 0; first + queries <= KEYS; first += 3) {
        int from = Math.clamp(pattern.nearFrom(first), 0, KEYS);
        int to = Math.max(from, Math.clamp(pattern.nearTo(first + queries - 1), 0, KEYS));
        int count = pattern.gatherFar(first, first + queries, from, to, KEYS, into);
        int[] far = Arrays.copyOf(into, count);
        assertThat(far).isSorted().doesNotHaveDuplicates();
        TreeSet<Integer> held = new TreeSet<>();
        for (int key : far) {
          if (key < 0 || key >= KEYS || key >= from && key < to) {
            throw new AssertionError("key " + key + " beside [" + from + ", " + to + ")");
          }
          held.add(key);
        }
        for (int key = from; key < to; key++) {
          held.add(key);
        }
        for (int query = first; query < first + queries; query++) {
          for (int key = 0; key < KEYS; key++) {
            if (pattern.sees(query, key) && !held.contains(key)) {
              assertThat(held).as("query %d from %d", query, first).contains(key);
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "strided:6",
        "strided:40",
        "fixed:16,summary:2",
        "global:30,window:9",
        "everything,global:30,window:9",
        "sinks:4,window:16",
        "blocks:30,1/11/001/1001"
      })
  void farQueriesAreThoseThatSeeAKeyOneByOne(String text) {
    AttentionPattern pattern = AttentionPattern.parse(text);
    for (int queries : new int[] {1, 5, 16, 32}) {
      for (int position = 0; position + queries <= KEYS; position++) {
        for (int key = 0; key < KEYS; key++) {
          int expected = 0;
          for (int i = 0; i < queries; i++) {
            expected |= pattern.seesFar(position + i, key) ? 1 << i : 0;
          }
          if (pattern.farQueries(position, queries, key) != expected) {
            throw new AssertionError(text + ": key " + key + " from " + position);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "causal",
        "window:7",
        "strided:6",
        "fixed:16,summary:2",
        "global:3,window:9",
        "sinks:4,window:16",
        "blocks:30,1/11/001/1001"
      })
  void causalPatternsSeeThemselvesOrThePastAndNeverTheFuture(String text) {
    AttentionPattern pattern = AttentionPattern.parse(text);
    assertThat(pattern.causal()).isTrue();
    for (int query = 0; query < KEYS; query++) {
      boolean any = false;
      for (int key = 0; key < KEYS; key++) {
        any |= pattern.sees(query, key);
        assertThat(pattern.sees(query, key) && key > query).isFalse();
      }
      assertThat(any).isTrue();
    }
  }

  @Test
  void stridedQueriesSeeTheirNeighboursAndEveryStride() {
    AttentionPattern pattern = new AttentionPattern.Strided(4);
    assertThat(seen(pattern, 13)).containsExactly(1, 5, 9, 10, 11, 12, 13);
  }

  @Test
  void fixedQueriesSeeTheirBlockAndTheSummariesBefore() {
    AttentionPattern pattern = new AttentionPattern.Fixed(4, 1);
    assertThat(seen(pattern, 13)).containsExactly(3, 7, 11, 12, 13);
  }

  @Test
  void globalKeysAreSeenByAllAndSeeAll() {
    AttentionPattern pattern = new AttentionPattern.Global(1, 4, false);
    assertThat(seen(pattern, 50)).containsExactly(0, 48, 49, 50, 51, 52);
    assertThat(seen(pattern, 0)).hasSize(KEYS);
  }

  @Test
  void sinksStayVisible() {
    assertThat(seen(new AttentionPattern.Sinks(2, 3), 50)).containsExactly(0, 1, 48, 49, 50);
  }

  private static List<Integer> seen(AttentionPattern pattern, int query) {
    return java.util.stream.IntStream.range(0, KEYS)
        .filter(key -> pattern.sees(query, key))
        .boxed()
        .toList();
  }

  @Test
  void impossiblePatternsAreRefused() {
    assertThatThrownBy(() -> AttentionPattern.parse("window:0")).hasMessageContaining("window 0");
    assertThatThrownBy(() -> AttentionPattern.parse("strided:0"))
        .hasMessageContaining("stride must be at least 1, but is 0");
    assertThatThrownBy(() -> AttentionPattern.parse("fixed:4,summary:5"))
        .hasMessageContaining("summary of 5");
    assertThatThrownBy(() -> AttentionPattern.parse("sinks:4,window:-3"))
        .hasMessageContaining("-3");
    assertThatThrownBy(() -> AttentionPattern.parse("blocks:8,1/00/1"))
        .hasMessageContaining("block row 1")
        .hasMessageContaining("see no key");
    assertThatThrownBy(() -> AttentionPattern.parse("blocks:8,01"))
        .hasMessageContaining("block row 0");
    assertThatThrownBy(() -> AttentionPattern.parse("diagonal"))
        .hasMessageContaining("'diagonal'")
        .hasMessageContaining("window:N");
  }

  @Test
  void sequencesThatLeaveQueriesWithoutKeysAreRefused() {
    AttentionShape shape = AttentionShape.training(1, 30, 2, 2, 4);
    assertThatThrownBy(() -> shape.with(AttentionPattern.parse("blocks:8,1/1/1")))
        .hasMessageContaining("only 3 rows");
    assertThatThrownBy(() -> shape.with(AttentionPattern.parse("everything,blocks:8,1/1/1/00001")))
        .hasMessageContaining("block row 3 sees no key");
    assertThatThrownBy(
            () -> shape.with(AttentionPattern.parse("window:3")).withKeyLengths(List.of(5)))
        .hasMessageContaining("padding");
    assertThatThrownBy(() -> shape.withKeyLengths(List.of(0))).hasMessageContaining("has 0");
    assertThatThrownBy(() -> shape.withKeyLengths(List.of(31))).hasMessageContaining("has 31");
    assertThatThrownBy(() -> shape.withKeyLengths(List.of(3, 4)))
        .hasMessageContaining("2 key lengths for a batch of 1");
  }

  @Test
  void alibiHasThePublishedSlopes() {
    for (int head = 0; head < 8; head++) {
      assertThat(Alibi.slope(head, 8)).isEqualTo(Math.pow(2, -(head + 1)));
      assertThat(Alibi.slope(head, 12)).isEqualTo(Math.pow(2, -(head + 1)));
    }
    double[] rest = {0.7071068, 0.3535534, 0.1767767, 0.0883883};
    for (int i = 0; i < rest.length; i++) {
      assertThat(Alibi.slope(8 + i, 12)).isCloseTo(rest[i], within(1e-7));
    }
  }
}
