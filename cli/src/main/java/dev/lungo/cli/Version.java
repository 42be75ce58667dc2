package dev.lungo.cli;

import java.util.Locale;
import java.util.Objects;

/// What runs: Lungo's version and the Java virtual machine's.
///
/// @param lungo the project version from the jar's manifest, "development" where classes run from a
///   folder
/// @param jdk the full version of the runtime, such as `25.0.3+9-LTS`
/// @param vendor who built the runtime
/// @param platform operating system and architecture, such as `linux-amd64`
record Version(String lungo, String jdk, String vendor, String platform) {
  static Version current() {
    String ofJar = Version.class.getPackage().getImplementationVersion();
    return new Version(
        Objects.requireNonNullElse(ofJar, "development"),
        System.getProperty("java.runtime.version"),
        System.getProperty("java.vendor", "unknown"),
        System.getProperty("os.name").toLowerCase(Locale.ROOT)
            + "-"
            + System.getProperty("os.arch"));
  }

  String line() {
    return "lungo " + lungo + " (JDK " + jdk + ", " + vendor + ", " + platform + ")";
  }
}
