package dev.lungo.lab;

/// Sees an experiment from outside: the command line draws what it is told here.
public interface LabListener {
  /// Something is known or done.
  void phase(String name, String text);

  /// Work is going on.
  ///
  /// @param part what is being done
  /// @param fraction of the whole experiment that is done, from 0 to 1
  void progressed(String part, double fraction);
}
