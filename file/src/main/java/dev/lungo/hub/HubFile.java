package dev.lungo.hub;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/// A file of a repository, as the listing describes it.
///
/// @param bytes its size, where the listing says it
/// @param hash what its content must come to, where the listing says it
public record HubFile(String name, OptionalLong bytes, Optional<ContentHash> hash) {
  /// Returns the size for people, such as `638 MB`.
  public String size() {
    return bytes.isPresent() ? size(bytes.getAsLong()) : "size unknown";
  }

  /// Writes a number of bytes for people.
  public static String size(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    double scaled = bytes;
    String[] units = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    int unit = 0;
    while (scaled >= 999.5) {
      scaled /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, scaled < 9.95 ? "%.1f %s" : "%.0f %s", scaled, units[unit]);
  }
}
