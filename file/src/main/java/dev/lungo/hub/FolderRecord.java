package dev.lungo.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/// What was pulled into a folder, so that it is not pulled again.
final class FolderRecord {
  static final String FILE = ".lungo-pull.json";

  /// A file that was verified.
  ///
  /// @param identity the hub's tag for it; empty where it gave none
  /// @param modifiedMillis when it was written: a file that was changed since is looked at again
  record Entry(long bytes, String identity, long modifiedMillis) {
    Entry {
      Objects.requireNonNull(identity);
    }
  }

  /// The content of the file.
  record Content(String repository, String commit, Map<String, Entry> files) {
    Content {
      Objects.requireNonNull(repository);
      Objects.requireNonNull(commit);
      files = new TreeMap<>(files);
    }
  }

  private final Path folder;
  private Content content;

  private FolderRecord(Path folder, Content content) {
    this.folder = folder;
    this.content = content;
  }

  /// Reads a folder's record, and begins one where there is none.
  ///
  /// @throws IllegalArgumentException if the folder holds another repository
  static FolderRecord open(Path folder, HubListing listing) throws IOException {
    String id = listing.repository().id();
    String commit = listing.commit().orElse("");
    Optional<Content> read = StateJson.read(folder.resolve(FILE), Content.class);
    if (read.isPresent() && !read.get().repository.equals(id)) {
      throw new IllegalArgumentException(
          folder + " holds " + read.get().repository + "; choose another folder with -o");
    }
    return new FolderRecord(
        folder, new Content(id, commit, read.map(Content::files).orElse(Map.of())));
  }

  /// Returns the entry of a file that has not changed since.
  synchronized Optional<Entry> unchanged(String name) throws IOException {
    Entry entry = content.files.get(name);
    Path file = folder.resolve(name);
    if (entry == null
        || !Files.isRegularFile(file)
        || Files.size(file) != entry.bytes
        || Files.getLastModifiedTime(file).toMillis() != entry.modifiedMillis) {
      return Optional.empty();
    }
    return Optional.of(entry);
  }

  /// Notes that a file is complete.
  synchronized void add(String name, String identity) throws IOException {
    Path file = folder.resolve(name);
    content.files.put(
        name, new Entry(Files.size(file), identity, Files.getLastModifiedTime(file).toMillis()));
    StateJson.write(folder.resolve(FILE), content);
  }
}
