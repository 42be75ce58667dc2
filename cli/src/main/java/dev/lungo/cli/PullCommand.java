package dev.lungo.cli;

import dev.lungo.hub.FileSelection;
import dev.lungo.hub.Hub;
import dev.lungo.hub.HubFile;
import dev.lungo.hub.HubListing;
import dev.lungo.hub.HubRepository;
import dev.lungo.hub.HubSettings;
import dev.lungo.hub.HubToken;
import dev.lungo.hub.Patience;
import dev.lungo.hub.PullListener;
import dev.lungo.hub.Pulled;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Downloads a model.
@Command(
    name = "pull",
    description = "Download a model from the Hugging Face hub.",
    sortOptions = false)
final class PullCommand implements Callable<Integer> {
  private static final String ENDPOINT = "https://huggingface.co";

  @Mixin private final Console console = new Console();

  @Parameters(
      paramLabel = "hf:OWNER/NAME[:FILE]",
      description =
          "The repository, and of one with several models in a file each (GGUF) the file.")
  private String name;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR",
      description = "Folder to put it in (default: models/OWNER--NAME).")
  private Optional<Path> out = Optional.empty();

  @Option(
      names = "--revision",
      paramLabel = "REV",
      description = "Branch, tag or commit (default: ${DEFAULT-VALUE}).",
      defaultValue = "main")
  private String revision;

  @Option(
      names = "--endpoint",
      paramLabel = "URL",
      description = "The hub's address (default: HF_ENDPOINT, or else " + ENDPOINT + ").")
  private Optional<String> endpoint = Optional.empty();

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      description =
          "Who asks, for private and gated models (default: HF_TOKEN, or ~/.cache/huggingface/token).")
  private Optional<String> token = Optional.empty();

  @Option(
      names = "--allow-host",
      paramLabel = "HOST",
      description =
          "A further host that the hub may send downloads to; *.example.org for all below. May be given more than once.")
  private Set<String> allowedHosts = Set.of();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Files to download at once (default: ${DEFAULT-VALUE}).",
      defaultValue = "4")
  private int threads;

  @Override
  public Integer call() throws Exception {
    HubRepository repository = HubRepository.parse(name);
    HubSettings settings = settings();
    try (Hub hub = new Hub(settings);
        ProgressLine line = ProgressLine.onStandardError()) {
      HubListing listing = hub.list(repository, line::message);
      return switch (FileSelection.of(listing)) {
        case FileSelection.NameOne(List<HubFile> candidates) -> {
          candidates.forEach(file ->
              line.message(String.format(Locale.ROOT, "%8s  %s", file.size(), file.name())));
          throw new IllegalArgumentException(
              repository
                  + " holds models of one file each; name the file, as in "
                  + repository
                  + ":"
                  + candidates.getFirst().name());
        }
        case FileSelection.Files(List<HubFile> files) -> {
          Path folder = out.orElse(repository.folder());
          Pulled pulled = hub.pull(listing, files, folder, new Screen(line));
          line.end();
          print(pulled);
          yield ExitCode.OK;
        }
      };
    }
  }

  private HubSettings settings() throws Exception {
    String inEnvironment = System.getenv().getOrDefault("HF_ENDPOINT", "");
    String address = endpoint.orElse(inEnvironment.isEmpty() ? ENDPOINT : inEnvironment);
    HubSettings settings =
        new HubSettings(
            HubSettings.endpoint(address),
            revision,
            HubToken.find(token, System.getenv(), Path.of(System.getProperty("user.home"))),
            allowedHosts,
            threads,
            Patience.USUAL);
    if (token.isPresent() && !settings.sendsToken()) {
      throw new IllegalArgumentException(
          "the token would go to " + address + " unencrypted; use an https endpoint");
    }
    return settings;
  }

  private void print(Pulled pulled) {
    console.print(
        String.format(
            Locale.ROOT,
            "%d file(s), %s, of which %s came now, in %s. Next:",
            pulled.files().size(),
            HubFile.size(pulled.bytes()),
            HubFile.size(pulled.downloadedBytes()),
            pulled.model()));
    console.print("  ./lungo generate " + pulled.model());
    console.result(pulled);
  }

  /// Shows a pull on standard error.
  private record Screen(ProgressLine line) implements PullListener {
    @Override
    public void advanced(Progress progress) {
      line.update(new PullStatus(progress));
    }

    @Override
    public void finished(HubFile file, long bytes, boolean downloaded) {
      line.message(
          String.format(
              Locale.ROOT,
              "%-32s %8s  %s",
              file.name(),
              HubFile.size(bytes),
              downloaded ? "downloaded" : "is here already"));
    }

    @Override
    public void message(String text) {
      line.message(text);
    }
  }
}
