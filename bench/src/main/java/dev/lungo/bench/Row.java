package dev.lungo.bench;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Optional;
import java.util.OptionalDouble;

/// One line of a report.
///
/// @param name what was measured, `case` in JSON
/// @param ours our median
/// @param peer whom we are compared to, with version; empty when only ours ran
/// @param theirs the peer's median
/// @param ratio above 1 when ours is better
@JsonInclude(JsonInclude.Include.NON_ABSENT)
record Row(
    @JsonProperty("case") String name,
    int threads,
    String unit,
    double ours,
    Optional<String> peer,
    OptionalDouble theirs,
    OptionalDouble ratio) {

  /// A row of which only our side was measured.
  static Row alone(String name, int threads, String unit, double ours) {
    return new Row(
        name,
        threads,
        unit,
        ours,
        Optional.empty(),
        OptionalDouble.empty(),
        OptionalDouble.empty());
  }

  /// A row of rates: more is better.
  static Row ofRates(
      String name, int threads, String unit, double ours, String peer, double theirs) {
    return new Row(
        name,
        threads,
        unit,
        ours,
        Optional.of(peer),
        OptionalDouble.of(theirs),
        OptionalDouble.of(ours / theirs));
  }

  /// A row of durations, errors or sizes: less is better.
  static Row ofCosts(
      String name, int threads, String unit, double ours, String peer, double theirs) {
    return new Row(
        name,
        threads,
        unit,
        ours,
        Optional.of(peer),
        OptionalDouble.of(theirs),
        OptionalDouble.of(theirs / ours));
  }
}
