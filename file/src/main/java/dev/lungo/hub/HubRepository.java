package dev.lungo.hub;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a person asks for: `hf:OWNER/NAME`, or one file of it, `hf:OWNER/NAME:FILE`.
///
/// @param file the one file; empty for whatever Lungo can open
public record HubRepository(String owner, String name, Optional<String> file) {
  /// What all such names begin with.
  public static final String PREFIX = "hf:";

  /// The folder in which pulled models are kept.
  public static final String FOLDER = "models";

  private static final String PART = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}";
  private static final Pattern FORM =
      Pattern.compile(PREFIX + "(" + PART + ")/(" + PART + ")(?::(.+))?");

  /// Reads what was typed.
  ///
  /// @throws IllegalArgumentException if it is not of this form, or the file's name leads out of a
  ///   folder
  public static HubRepository parse(String text) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          text + " names no model on a hub; write hf:OWNER/NAME or hf:OWNER/NAME:FILE");
    }
    Optional<String> file = Optional.ofNullable(parts.group(3));
    file.flatMap(SafeName::fault)
        .ifPresent(fault -> {
          throw new IllegalArgumentException(text + ": the file's name " + fault);
        });
    return new HubRepository(parts.group(1), parts.group(2), file);
  }

  /// Returns `OWNER/NAME`.
  public String id() {
    return owner + "/" + name;
  }

  /// Returns where it is kept unless somebody wants it elsewhere: `models/OWNER--NAME`.
  public Path folder() {
    return Path.of(FOLDER, owner + "--" + name);
  }

  @Override
  public String toString() {
    return PREFIX + id() + file.map(name -> ":" + name).orElse("");
  }
}
