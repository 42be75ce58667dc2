package dev.lungo.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WindowOrderTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 17, 1000})
  void everyEpochVisitsEveryWindowOnce(long windows) {
    WindowOrder order = new WindowOrder(windows, 5);
    List<List<Long>> epochs = new ArrayList<>();
    for (int epoch = 0; epoch < 3; epoch++) {
      List<Long> visited = new ArrayList<>();
      for (long i = 0; i < windows; i++) {
        visited.add(order.window(epoch * windows + i));
      }
      assertThat(new HashSet<>(visited))
          .hasSize((int) windows)
          .allMatch(w -> w >= 0 && w < windows);
      epochs.add(visited);
    }
    if (windows > 3) {
      assertThat(epochs.get(0)).isNotEqualTo(epochs.get(1));
      assertThat(
              new WindowOrder(windows, 6).window(0) + "," + new WindowOrder(windows, 6).window(1))
          .isNotEqualTo(epochs.get(0).get(0) + "," + epochs.get(0).get(1));
    }
  }
}
