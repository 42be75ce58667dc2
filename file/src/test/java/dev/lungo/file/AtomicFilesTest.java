package dev.lungo.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  @TempDir Path folder;

  @Test
  void contentIsReplacedAsWhole() throws IOException {
    Path file = folder.resolve("new").resolve("text");
    AtomicFiles.writeString(file, "first, and long");
    AtomicFiles.writeString(file, "sécond");
    assertThat(file).hasContent("sécond");
    try (var files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void failedWriteLeavesTheOldContentAndNothingElse() throws IOException {
    Path file = folder.resolve("text");
    AtomicFiles.writeString(file, "old");
    assertThatThrownBy(() ->
            AtomicFiles.write(
                file,
                out -> {
                  out.write(new byte[100_000]);
                  throw new IOException("no space left");
                }))
        .hasMessage("no space left");
    assertThat(file).hasContent("old");
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void othersMayReadWhatTheyMayReadOfAnyFile() throws IOException {
    assumeTrue(Files.getFileStore(folder).supportsFileAttributeView("posix"), "file permissions");
    Path file = folder.resolve("text");
    AtomicFiles.writeString(file, "content");
    Path usual = Files.createFile(folder.resolve("usual"));
    assertThat(Files.getPosixFilePermissions(file)).isEqualTo(Files.getPosixFilePermissions(usual));
  }

  @Test
  void rootIsNoFile() {
    assertThatThrownBy(() -> AtomicFiles.writeString(folder.getRoot(), "x"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
