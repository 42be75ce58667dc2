package dev.lungo.hub;

/// Hears how a pull is getting on. Calls come from several threads, one at a time.
public interface PullListener {
  /// How far all files together are.
  ///
  /// @param remainingSeconds not finite while nothing has come yet
  record Progress(long bytes, long totalBytes, double bytesPerSecond, double remainingSeconds) {
    /// Returns the share that is here, from 0 to 1.
    public double fraction() {
      return totalBytes == 0 ? 1 : (double) bytes / totalBytes;
    }
  }

  /// Says that bytes came.
  void advanced(Progress progress);

  /// Says that a file is complete and verified.
  ///
  /// @param downloaded false if it was here already
  void finished(HubFile file, long bytes, boolean downloaded);

  /// Says what a person should know: a try that failed, for example.
  void message(String text);
}
