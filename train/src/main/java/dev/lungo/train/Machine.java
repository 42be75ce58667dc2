package dev.lungo.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The machine that a run ran on.
///
/// @param cpu what the processor calls itself
/// @param processors that the JVM may use
/// @param java version of the JDK
/// @param virtualMachine its name, version and maker
/// @param kernels which kernels computed, with which vector width
public record Machine(
    String cpu,
    int processors,
    String operatingSystem,
    String java,
    String virtualMachine,
    String kernels) {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  /// Describes this machine.
  public static Machine current(String kernels) {
    return new Machine(
        processorName(),
        Runtime.getRuntime().availableProcessors(),
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"),
        Runtime.version().toString(),
        System.getProperty("java.vm.name") + ", " + System.getProperty("java.vendor"),
        kernels);
  }

  private static String processorName() {
    String architecture = System.getProperty("os.arch", "unknown");
    if (!Files.isReadable(CPU_INFO)) {
      return architecture;
    }
    try {
      return model(Files.readAllLines(CPU_INFO)).orElse(architecture);
    } catch (IOException unreadable) {
      return architecture;
    }
  }

  /// Finds the processor's name in Linux's description of it.
  static Optional<String> model(List<String> lines) {
    for (String line : lines) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.startsWith("model name")) {
        return Optional.of(line.substring(colon + 1).strip());
      }
    }
    return Optional.empty();
  }
}
