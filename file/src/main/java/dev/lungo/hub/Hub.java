package dev.lungo.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/// A server that keeps models in repositories: the Hugging Face hub, or one that answers the same
/// addresses.
public final class Hub implements AutoCloseable {
  private final HubSettings settings;
  private final HubClient client;

  public Hub(HubSettings settings) {
    this.settings = settings;
    client =
        new HubClient(
            new HostRules(settings.endpoint(), settings.allowedHosts()),
            settings.token(),
            settings.patience());
  }

  /// Asks what a repository holds.
  ///
  /// @param messages hears of tries that failed
  /// @throws HubException if the hub refuses or cannot be reached
  /// @throws dev.lungo.file.MalformedFileException if the answer is no listing
  public HubListing list(HubRepository repository, Consumer<String> messages)
      throws IOException, InterruptedException {
    URI uri =
        URI.create(
            settings.endpoint()
                + "/api/models/"
                + repository.id()
                + "/revision/"
                + encoded(settings.revision())
                + "?blobs=true");
    byte[] bytes =
        new Retries(settings.patience(), messages)
            .run(() -> {
              try (HubAnswer answer =
                  client.get(repository.id(), uri, Map.of("Accept", "application/json"))) {
                return answer.body().readAll(ListingReader.LARGEST);
              }
            });
    return ListingReader.read(repository, HostRules.shown(uri), bytes);
  }

  /// Brings files of a listing into a folder. What is there already is not brought again; what was
  /// cut is continued.
  ///
  /// @throws IllegalArgumentException if the folder holds another repository
  /// @throws HubException if a file cannot be had, is not what the listing says, or does not fit
  ///   the disk
  public Pulled pull(HubListing listing, List<HubFile> files, Path folder, PullListener listener)
      throws IOException, InterruptedException {
    long started = System.nanoTime();
    Files.createDirectories(folder);
    FolderRecord record = FolderRecord.open(folder, listing);
    List<Path> targets = new ArrayList<>();
    for (HubFile file : files) {
      targets.add(place(folder, file.name()));
    }
    checkSpace(folder, files, targets);
    long total = files.stream().mapToLong(file -> file.bytes().orElse(0)).sum();
    ProgressMeter meter = new ProgressMeter(listener, total);
    List<FileDownload> downloads = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      HubFile file = files.get(i);
      downloads.add(
          new FileDownload(
              client,
              address(listing, file.name()),
              file,
              targets.get(i),
              record,
              meter,
              settings.patience()));
    }
    long[] came = runAll(downloads);
    List<Pulled.Item> items = new ArrayList<>();
    long bytes = 0;
    long downloaded = 0;
    for (int i = 0; i < came.length; i++) {
      long size = Files.size(targets.get(i));
      items.add(new Pulled.Item(files.get(i).name(), size, came[i] > 0));
      bytes += size;
      downloaded += came[i];
    }
    Path model = listing.repository().file().map(folder::resolve).orElse(folder);
    return new Pulled(
        model.toString(),
        listing.repository().id(),
        listing.commit(),
        List.copyOf(items),
        bytes,
        downloaded,
        (System.nanoTime() - started) / 1e9);
  }

  /// Runs downloads side by side; the first that fails stops the others.
  private long[] runAll(List<FileDownload> downloads) throws IOException, InterruptedException {
    long[] came = new long[downloads.size()];
    ExecutorService threads = Executors.newFixedThreadPool(settings.threads());
    try {
      CompletionService<Integer> done = new ExecutorCompletionService<>(threads);
      for (int i = 0; i < came.length; i++) {
        int index = i;
        done.submit(() -> {
          came[index] = downloads.get(index).run();
          return index;
        });
      }
      for (int i = 0; i < came.length; i++) {
        done.take().get();
      }
      return came;
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failed -> throw failed;
        case RuntimeException failed -> throw failed;
        case Error failed -> throw failed;
        case null, default -> throw new IllegalStateException("a download was interrupted", e);
      }
    } finally {
      threads.shutdownNow();
      threads.close();
    }
  }

  /// Returns where a file goes, with its folders made. A link that was put there must not lead it
  /// out.
  private static Path place(Path folder, String name) throws IOException {
    Path target = SafeName.under(folder, name);
    Path parent = target.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
      if (!parent.toRealPath().startsWith(folder.toRealPath())) {
        throw HubException.lasting(parent + " is a link that leads out of " + folder);
      }
    }
    return target;
  }

  private static void checkSpace(Path folder, List<HubFile> files, List<Path> targets)
      throws IOException {
    long needed = 0;
    for (int i = 0; i < targets.size(); i++) {
      long size = files.get(i).bytes().orElse(0);
      Path part = PartFile.partOf(targets.get(i));
      long here = Files.exists(targets.get(i)) ? size : Files.exists(part) ? Files.size(part) : 0;
      needed += Math.min(Long.MAX_VALUE - needed, Math.max(0, size - here));
    }
    long usable = PartFile.usable(folder);
    if (needed > usable) {
      throw HubException.lasting(
          "needs "
              + HubFile.size(needed)
              + ", but "
              + HubFile.size(usable)
              + " are free in "
              + folder);
    }
  }

  private URI address(HubListing listing, String name) {
    StringBuilder path = new StringBuilder();
    for (String part : name.split("/", -1)) {
      path.append('/').append(encoded(part));
    }
    return URI.create(
        settings.endpoint()
            + "/"
            + listing.repository().id()
            + "/resolve/"
            + encoded(listing.commit().orElse(settings.revision()))
            + path);
  }

  private static String encoded(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public void close() {
    client.close();
  }
}
