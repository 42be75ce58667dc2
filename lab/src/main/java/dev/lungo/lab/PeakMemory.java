package dev.lungo.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/// The most memory that this process holds while something runs, as Linux counts it.
final class PeakMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path RESET = Path.of("/proc/self/clear_refs");

  /// What makes the kernel forget the peak so far.
  private static final String FORGET_PEAK = "5";

  private final OptionalLong before;

  private PeakMemory(OptionalLong before) {
    this.before = before;
  }

  /// Starts to watch.
  static PeakMemory watch() {
    try {
      Files.writeString(RESET, FORGET_PEAK);
      return new PeakMemory(field("VmRSS:"));
    } catch (IOException elsewhere) {
      return new PeakMemory(OptionalLong.empty());
    }
  }

  /// Returns by how many bytes the process has been larger than at the start; empty where nobody
  /// counts.
  OptionalLong grown() {
    try {
      OptionalLong peak = before.isPresent() ? field("VmHWM:") : OptionalLong.empty();
      return peak.isPresent()
          ? OptionalLong.of(Math.max(0, peak.getAsLong() - before.getAsLong()))
          : OptionalLong.empty();
    } catch (IOException gone) {
      return OptionalLong.empty();
    }
  }

  private static OptionalLong field(String name) throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith(name)) {
        return OptionalLong.of(Long.parseLong(line.replaceAll("\\D", "")) << 10);
      }
    }
    return OptionalLong.empty();
  }
}
