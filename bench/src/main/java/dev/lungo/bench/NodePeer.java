package dev.lungo.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Peers that are packages of Node.js: installed by npm on first use, then run as a [Child].
///
/// Packages and scripts lie in `.lungo/node` of the repository, since a script finds packages only
/// beside itself.
final class NodePeer {
  private static final String PACKAGES = "package.json";
  private static final String INSTALLED = "installed.json";

  private NodePeer() {}

  /// Starts a script of `bench/src/peers/node`.
  ///
  /// @param log hears what takes long
  /// @throws IOException if node or npm is missing, or the packages cannot be installed
  static Child start(String script, Consumer<String> log) throws IOException {
    Path sources = TestData.repository().resolve("bench/src/peers/node");
    Path folder = TestData.repository().resolve(".lungo/node");
    install(sources.resolve(PACKAGES), folder, log);
    Path copy = folder.resolve(script);
    Files.copy(sources.resolve(script), copy, StandardCopyOption.REPLACE_EXISTING);
    try {
      return Child.start(script, List.of("node", copy.toString()), Map.of());
    } catch (IOException missing) {
      throw new IOException(
          "cannot start node; this peer needs Node.js 20 or newer on the PATH (https://nodejs.org)",
          missing);
    }
  }

  /// Installs what `packages` lists, unless the last installation listed the same.
  private static void install(Path packages, Path folder, Consumer<String> log) throws IOException {
    Path done = folder.resolve(INSTALLED);
    if (Files.exists(done) && Files.mismatch(packages, done) < 0) {
      return;
    }
    log.accept("installing the peers of " + packages + " into " + folder + " …");
    Files.createDirectories(folder);
    Files.deleteIfExists(done);
    Files.copy(packages, folder.resolve(PACKAGES), StandardCopyOption.REPLACE_EXISTING);
    // The packages bring built libraries; their install scripts would build others.
    List<String> command =
        List.of("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent");
    Process npm;
    try {
      npm =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException missing) {
      throw new IOException(
          "cannot start npm; this peer needs Node.js 20 or newer on the PATH (https://nodejs.org)",
          missing);
    }
    try {
      int status = npm.waitFor();
      if (status != 0) {
        throw new IOException("npm install ended with " + status + " in " + folder);
      }
    } catch (InterruptedException interrupted) {
      npm.destroy();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while npm installed", interrupted);
    }
    Files.copy(packages, done, StandardCopyOption.REPLACE_EXISTING);
  }
}
