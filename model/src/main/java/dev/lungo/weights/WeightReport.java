package dev.lungo.weights;

import dev.lungo.weights.RowEncoder.Loss;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// What writing a model's weights came to.
///
/// @param bits of a weight on average, scales of blocks included
/// @param tensors how many have each type
/// @param relativeErrors of each type the root mean square error of its numbers over their root
///   mean square
public record WeightReport(
    double bits, Map<String, Integer> tensors, Map<String, Double> relativeErrors) {

  /// Collects a report.
  static final class Builder {
    private final Map<WeightType, Loss> losses = new EnumMap<>(WeightType.class);
    private final Map<WeightType, Integer> counts = new EnumMap<>(WeightType.class);
    private long bytes;
    private long elements;

    void add(WeightType type, Loss loss) {
      losses.merge(type, loss, Loss::plus);
      counts.merge(type, 1, Integer::sum);
      bytes += type.dtype().bytes(loss.elements());
      elements += loss.elements();
    }

    WeightReport build() {
      Map<String, Integer> tensors = new LinkedHashMap<>();
      Map<String, Double> errors = new LinkedHashMap<>();
      for (WeightType type : losses.keySet()) {
        String name = type.name().toLowerCase(Locale.ROOT);
        tensors.put(name, counts.getOrDefault(type, 0));
        errors.put(name, losses.getOrDefault(type, Loss.NONE).relative());
      }
      return new WeightReport(8.0 * bytes / elements, tensors, errors);
    }
  }
}
