package dev.lungo.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Where a benchmark ran.
///
/// @param vectorBits the width of the vectors that the kernels use; 0 for the scalar ones
record Machine(
    String cpu,
    int cores,
    long memoryBytes,
    String os,
    String jdk,
    int vectorBits,
    String kernels) {

  /// Describes this machine.
  ///
  /// @param kernels the description of the kernels in use
  static Machine here(String kernels) {
    return new Machine(
        processorName(),
        Runtime.getRuntime().availableProcessors(),
        memory(),
        System.getProperty("os.name") + " " + System.getProperty("os.arch"),
        System.getProperty("java.vm.version"),
        vectorBits(kernels),
        kernels);
  }

  /// Reads the width out of the name of a vector species, as in `S_256_BIT`.
  static int vectorBits(String kernels) {
    int start = kernels.indexOf("S_");
    int end = kernels.indexOf("_BIT", Math.max(0, start));
    return start < 0 || end < 0 ? 0 : Integer.parseInt(kernels.substring(start + 2, end));
  }

  private static long memory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : Runtime.getRuntime().maxMemory();
  }

  private static String processorName() {
    Path file = Path.of("/proc/cpuinfo");
    if (Files.isReadable(file)) {
      try {
        return processorName(Files.readAllLines(file));
      } catch (IOException e) {
        return System.getProperty("os.arch") + " (" + file + ": " + e.getMessage() + ")";
      }
    }
    return System.getProperty("os.arch");
  }

  static String processorName(List<String> cpuInfo) {
    for (String line : cpuInfo) {
      if (line.startsWith("model name")) {
        return line.substring(line.indexOf(':') + 1).strip();
      }
    }
    return System.getProperty("os.arch");
  }
}
