package dev.lungo.hub;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Judges file names that come from a server: they must stay within the folder, on any system.
final class SafeName {
  private static final int LONGEST = 512;
  private static final int LONGEST_PART_BYTES = 200;

  /// Names that Windows gives to devices, whatever extension follows.
  private static final Pattern DEVICE =
      Pattern.compile("(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\\$|conout\\$)(\\..*)?");

  private static final Pattern FORBIDDEN = Pattern.compile("[\\p{Cntrl}\\\\:*?\"<>|]");

  private SafeName() {}

  /// Says what is wrong with a name; empty where nothing is.
  static Optional<String> fault(String name) {
    if (name.isEmpty() || name.length() > LONGEST) {
      return Optional.of("has " + name.length() + " characters; 1 to " + LONGEST + " are possible");
    }
    Optional<String> escape = escape(name);
    if (escape.isPresent()) {
      return escape;
    }
    if (FORBIDDEN.matcher(name).find()) {
      return Optional.of("has a character that not every system can have in a name");
    }
    for (String part : name.split("/", -1)) {
      if (part.endsWith(".") || part.endsWith(" ") || part.startsWith(" ")) {
        return Optional.of("has a part that begins or ends with a space, or ends with a dot");
      }
      if (DEVICE.matcher(part.toLowerCase(Locale.ROOT)).matches()) {
        return Optional.of("has a part that is a device on some systems");
      }
      if (part.getBytes(StandardCharsets.UTF_8).length > LONGEST_PART_BYTES) {
        return Optional.of("has a part of more than " + LONGEST_PART_BYTES + " bytes");
      }
      if (part.endsWith(PartFile.SUFFIX)
          || part.endsWith(PartFile.STATE_SUFFIX)
          || part.equals(FolderRecord.FILE)) {
        return Optional.of("is one that Lungo uses for its own state");
      }
    }
    return Optional.empty();
  }

  /// Says how a name would lead out of its folder; empty where it does not. No honest repository
  /// has such a name, wanted or not.
  static Optional<String> escape(String name) {
    if (name.startsWith("/") || name.matches("[A-Za-z]:.*")) {
      return Optional.of("is absolute");
    }
    if (name.indexOf('\\') >= 0 || name.chars().anyMatch(Character::isISOControl)) {
      return Optional.of("has a backslash or a control character");
    }
    for (String part : name.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        return Optional.of("leads out of its folder or through an empty part");
      }
    }
    return Optional.empty();
  }

  /// Makes a name from outside fit to be printed.
  static String printable(String text) {
    String cut = text.length() <= 120 ? text : text.substring(0, 120) + "…";
    return "\"" + cut.replaceAll("\\p{Cntrl}", "�") + "\"";
  }

  /// Returns the place of a checked name under `folder`.
  static Path under(Path folder, String name) {
    Path place = folder.resolve(name).normalize();
    if (fault(name).isPresent() || !place.startsWith(folder.normalize())) {
      throw new IllegalArgumentException(printable(name) + " does not stay within " + folder);
    }
    return place;
  }
}
