package dev.lungo.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.Optional;

/// What of a file is here so far, `NAME.part`, and what it is a part of, `NAME.part.json`.
///
/// It is locked while it is open, so that two downloads do not write into one.
final class PartFile implements AutoCloseable {
  static final String SUFFIX = ".part";
  static final String STATE_SUFFIX = ".part.json";

  /// What the part belongs to.
  ///
  /// @param identity the hub's tag for the content; empty where it gave none
  /// @param validator the tag under which the answering host continues; empty where it gave none
  /// @param bytes how many the whole has
  record State(String identity, String validator, long bytes) {
    State {
      Objects.requireNonNull(identity);
      Objects.requireNonNull(validator);
    }
  }

  private final Path path;
  private final Path statePath;
  private final FileChannel channel;

  private PartFile(Path path, Path statePath, FileChannel channel) {
    this.path = path;
    this.statePath = statePath;
    this.channel = channel;
  }

  static Path partOf(Path target) {
    return target.resolveSibling(target.getFileName() + SUFFIX);
  }

  static Path stateOf(Path target) {
    return target.resolveSibling(target.getFileName() + STATE_SUFFIX);
  }

  static PartFile open(Path target) throws IOException {
    Path path = partOf(target);
    FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS);
    boolean locked = false;
    try {
      locked = channel.tryLock() != null;
    } catch (OverlappingFileLockException heldInThisProcess) {
      locked = false;
    } finally {
      if (!locked) {
        channel.close();
      }
    }
    if (!locked) {
      throw HubException.lasting(path + ": another download writes this file; wait for it");
    }
    return new PartFile(path, stateOf(target), channel);
  }

  long bytes() throws IOException {
    return channel.size();
  }

  Optional<State> state() throws IOException {
    return StateJson.read(statePath, State.class);
  }

  /// Says what is going to be written, before any of it is.
  void begin(State state) throws IOException {
    StateJson.write(statePath, state);
  }

  /// Forgets what is here.
  void restart() throws IOException {
    Files.deleteIfExists(statePath);
    channel.truncate(0);
  }

  void write(ByteBuffer bytes, long at) throws IOException {
    long position = at;
    try {
      while (bytes.hasRemaining()) {
        position += channel.write(bytes, position);
      }
    } catch (IOException e) {
      throw new IOException(
          path
              + ": cannot be written: "
              + e.getMessage()
              + "; "
              + HubFile.size(usable(path))
              + " are free. What is here is kept, and the next pull continues",
          e);
    }
  }

  /// Returns how many bytes the file system of `path` has left for us.
  static long usable(Path path) throws IOException {
    return Files.getFileStore(path).getUsableSpace();
  }

  void force() throws IOException {
    channel.force(true);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
