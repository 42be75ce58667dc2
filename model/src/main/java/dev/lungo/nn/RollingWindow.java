package dev.lungo.nn;

/// What a cache keeps that forgets: the first positions of a text and the latest (StreamingLLM,
/// Xiao et al. 2023, arXiv:2309.17453). Models put much of their attention on the first positions
/// whatever these hold, so a window without them breaks a model that was trained without.
///
/// @param sinks first positions that are never forgotten; 0 for a window only
/// @param window the latest positions, a token's own included
public record RollingWindow(int sinks, int window) {
  public RollingWindow {
    if (sinks < 0) {
      throw new IllegalArgumentException("attention sinks must not be negative, but are " + sinks);
    }
    if (window < 1) {
      throw new IllegalArgumentException("a window must be at least 1, but is " + window);
    }
  }

  /// Returns how many positions a token sees at most.
  public int visible() {
    return Math.addExact(sinks, window);
  }

  /// Returns how many positions a cache should have room for: some more than are visible, so that
  /// it forgets seldom.
  ///
  /// @param context of the model
  /// @throws IllegalArgumentException if the context cannot hold what must be visible
  public int capacity(int context) {
    if (visible() > context) {
      throw new IllegalArgumentException(
          sinks
              + " attention sinks and a window of "
              + window
              + " exceed the model's context of "
              + context
              + " positions; make the window smaller");
    }
    return (int) Math.min(context, visible() + (long) Math.clamp(window, 16, 256));
  }
}
