package dev.lungo.kernel.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Whether this machine runs the code that is written here.
final class Processor {
  private static final Path DESCRIPTION = Path.of("/proc/cpuinfo");

  /// By the names that Linux has for what a processor can, and it for what the system lets it.
  private static final List<String> AVX512 =
      List.of("avx512f", "avx512bw", "avx512vl", "avx512_vnni");

  private static final List<String> AVX2 = List.of("avx2", "fma");

  private Processor() {}

  /// Returns the widest vectors that this processor has, if nothing keeps machine code from
  /// running.
  static VectorUnit unit() {
    try {
      return flags().containsAll(AVX512) ? VectorUnit.AVX512 : VectorUnit.AVX2;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Says what keeps the machine code from running; empty when nothing does.
  static Optional<String> obstacle() {
    String system = System.getProperty("os.name") + " on " + System.getProperty("os.arch");
    if (!system.equals("Linux on amd64")) {
      return Optional.of("it is written for Linux on amd64, and this is " + system);
    }
    if (!Processor.class.getModule().isNativeAccessEnabled()) {
      return Optional.of("start java with --enable-native-access=ALL-UNNAMED");
    }
    try {
      List<String> flags = flags();
      return AVX2.stream()
          .filter(flag -> !flags.contains(flag))
          .findFirst()
          .map(flag -> "this processor has no " + flag);
    } catch (IOException e) {
      return Optional.of("cannot read " + DESCRIPTION + ": " + e.getMessage());
    }
  }

  private static List<String> flags() throws IOException {
    try (var lines = Files.lines(DESCRIPTION)) {
      String line = lines.filter(one -> one.startsWith("flags")).findFirst().orElse("");
      return List.of(line.split("\\s+"));
    }
  }
}
