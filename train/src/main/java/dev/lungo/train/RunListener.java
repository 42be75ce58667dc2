package dev.lungo.train;

import java.util.OptionalDouble;

/// Sees a run from outside: the command line draws what it is told here.
public interface RunListener {
  /// Something is known or done before training starts.
  ///
  /// @param name as `corpus` or `tokenizer`
  void phase(String name, String text);

  /// A step was taken.
  ///
  /// @param shareOfPeak of the machine's measured arithmetic, from 0 to 1
  void stepped(TrainingLoop.Progress progress, OptionalDouble shareOfPeak);

  /// The model was measured on held-out text; `progress` holds the result.
  void evaluated(TrainingLoop.Progress progress, OptionalDouble shareOfPeak);

  /// The model wrote something.
  void sampled(long step, String prompt, String continuation);

  /// Something went wrong that the run survives.
  void warned(String text);
}
