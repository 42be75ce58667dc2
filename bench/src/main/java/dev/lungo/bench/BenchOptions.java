package dev.lungo.bench;

import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import picocli.CommandLine.Option;

/// What every benchmark can be told: `@Mixin private BenchOptions options;`.
final class BenchOptions {
  @Option(
      names = "--json",
      description = "End standard output with the result as one JSON object on one line.")
  private boolean json;

  @Option(names = "--quick", description = "Fewer and shorter rounds: a look, not a result.")
  private boolean quick;

  @Option(
      names = "--peers",
      description = "Measure the other projects too (downloads them on first use).")
  private boolean peers;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Rounds to take the median of (default: 9; with --quick 3).")
  private Optional<Integer> rounds = Optional.empty();

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help and exit.")
  private boolean help;

  boolean json() {
    return json;
  }

  boolean quick() {
    return quick;
  }

  boolean peers() {
    return peers;
  }

  int rounds() {
    int count = rounds.orElse(quick ? 3 : 9);
    if (count < 1) {
      throw new IllegalArgumentException("--rounds must be at least 1, but is " + count);
    }
    return count;
  }

  /// Says where progress goes.
  void log(String line) {
    System.err.println(line);
  }

  /// Finds every peer that provides `service`.
  <T> List<T> allPeers(Class<T> service) {
    return ServiceLoader.load(service).stream().map(ServiceLoader.Provider::get).toList();
  }

  /// Finds the peer that provides `service`; empty without `--peers`.
  ///
  /// @throws IllegalStateException if peers are asked for but were not built in
  <T> Optional<T> peer(Class<T> service) {
    if (!peers) {
      return Optional.empty();
    }
    return Optional.of(
        ServiceLoader.load(service)
            .findFirst()
            .orElseThrow(() ->
                new IllegalStateException(
                    "this build has no peer for "
                        + service.getSimpleName()
                        + "; build with the Maven profiles bench and peers: mvn -Pbench,peers -pl bench -am package")));
  }
}
