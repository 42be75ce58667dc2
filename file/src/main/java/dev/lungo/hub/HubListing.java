package dev.lungo.hub;

import java.util.List;
import java.util.Optional;

/// What a repository holds at one revision.
///
/// @param commit which commit that is: files are pulled from it, so that a change in between does
///   not mix two versions; empty where the hub does not say
public record HubListing(HubRepository repository, Optional<String> commit, List<HubFile> files) {
  /// Returns the file of this name.
  Optional<HubFile> find(String name) {
    return files.stream().filter(file -> file.name().equals(name)).findFirst();
  }
}
