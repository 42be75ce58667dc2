package dev.lungo.weights;

import java.util.List;
import java.util.OptionalInt;

/// The ids of tokens that mean something besides text, as `config.json` or `generation_config.json`
/// name them.
///
/// @param beginning the id that starts a text
/// @param ends the ids any of which ends a text
/// @param padding the id that fills up a batch
public record SpecialTokenIds(OptionalInt beginning, List<Integer> ends, OptionalInt padding) {
  /// Says nothing.
  public static final SpecialTokenIds NONE =
      new SpecialTokenIds(OptionalInt.empty(), List.of(), OptionalInt.empty());

  public SpecialTokenIds {
    ends = List.copyOf(ends);
  }
}
