package dev.lungo.hub;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Optional;

/// What a pull came to.
///
/// @param model what to open: the folder, or the one file that was asked for
/// @param repository `OWNER/NAME`
/// @param commit which commit of it; empty where the hub does not say
/// @param bytes of all files together
/// @param downloadedBytes that came over the network now
public record Pulled(
    String model,
    String repository,
    @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<String> commit,
    List<Item> files,
    long bytes,
    long downloadedBytes,
    double seconds) {
  /// One file.
  ///
  /// @param downloaded false if it was here already
  public record Item(String name, long bytes, boolean downloaded) {}
}
