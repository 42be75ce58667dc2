package dev.lungo.hub;

import dev.lungo.hub.LoopbackServer.Answer;
import dev.lungo.hub.LoopbackServer.Request;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A hub with the one repository `a/b`, which answers as the real one does until it is told to
/// answer otherwise.
final class TestHub implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  /// Seconds become milliseconds.
  static final Patience SHORT = new Patience(2000, 1200, 700, 100, 4, 5, 2000);

  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private final Map<String, Deque<Answer>> next = new LinkedHashMap<>();
  final List<String> messages = new ArrayList<>();
  final LoopbackServer server = new LoopbackServer(this::answer);
  boolean listsHashes = true;

  TestHub() throws IOException {}

  /// Adds a file to the repository.
  TestHub with(String name, byte[] content) {
    files.put(name, content);
    return this;
  }

  TestHub with(String name, String content) {
    return with(name, content.getBytes(StandardCharsets.UTF_8));
  }

  /// Answers the next requests whose path ends with `suffix` in this way; one answer each.
  synchronized TestHub then(String suffix, Answer... answers) {
    next.computeIfAbsent(suffix, key -> new ArrayDeque<>()).addAll(List.of(answers));
    return this;
  }

  private synchronized Optional<Answer> planned(String path) {
    return next.entrySet().stream()
        .filter(entry -> path.endsWith(entry.getKey()) && !entry.getValue().isEmpty())
        .map(entry -> entry.getValue().remove())
        .findFirst();
  }

  private void answer(Request request, OutputStream out) throws IOException, InterruptedException {
    Optional<Answer> planned = planned(request.path());
    if (planned.isPresent()) {
      planned.get().write(request, out);
    } else if (request.path().startsWith("/api/models/a/b/revision/main")) {
      byte[] listing = listing().getBytes(StandardCharsets.UTF_8);
      LoopbackServer.head(out, 200, "Content-Length: " + listing.length);
      out.write(listing);
    } else {
      String prefix = "/a/b/resolve/" + COMMIT + "/";
      byte[] content =
          request.path().startsWith(prefix)
              ? files.get(request.path().substring(prefix.length()))
              : null;
      if (content == null) {
        LoopbackServer.head(out, 404, "Content-Length: 0");
      } else {
        send(content, request, out);
      }
    }
  }

  /// Sends a file whole, or the part that was asked for.
  static void send(byte[] content, Request request, OutputStream out) throws IOException {
    String tag = "\"" + sha256(content) + "\"";
    int from = 0;
    if (request.header("if-range").orElse(tag).equals(tag)) {
      String range = request.header("range").orElse("bytes=0-");
      from = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
    }
    byte[] part = Arrays.copyOfRange(content, from, content.length);
    List<String> headers = new ArrayList<>(List.of("ETag: " + tag));
    headers.add("Content-Length: " + part.length);
    if (from > 0) {
      headers.add(
          "Content-Range: bytes " + from + "-" + (content.length - 1) + "/" + content.length);
    }
    LoopbackServer.head(out, from > 0 ? 206 : 200, headers.toArray(String[]::new));
    out.write(part);
  }

  /// Announces the whole file and stops after `count` bytes of what was asked for.
  static Answer dropAfter(byte[] content, int count) {
    return (request, out) -> {
      int from =
          Integer.parseInt(request.header("range").orElse("bytes=0-").replaceAll("[^0-9]", ""));
      String tag = "ETag: \"" + sha256(content) + "\"";
      String length = "Content-Length: " + (content.length - from);
      if (from > 0) {
        String range =
            "Content-Range: bytes " + from + "-" + (content.length - 1) + "/" + content.length;
        LoopbackServer.head(out, 206, tag, length, range);
      } else {
        LoopbackServer.head(out, 200, tag, length);
      }
      out.write(content, from, count);
    };
  }

  private String listing() {
    StringBuilder json = new StringBuilder("{\"id\":\"a/b\",\"sha\":\"" + COMMIT + "\"");
    json.append(",\"cardData\":{\"tags\":[[1],{}]},\"siblings\":[");
    String separator = "";
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      byte[] content = file.getValue();
      json.append(separator).append("{\"rfilename\":\"").append(file.getKey()).append('"');
      if (listsHashes) {
        json.append(",\"size\":").append(content.length);
        json.append(",\"blobId\":\"").append(gitBlob(content)).append('"');
        if (!file.getKey().endsWith(".json")) {
          json.append(",\"lfs\":{\"sha256\":\"").append(sha256(content));
          json.append("\",\"size\":").append(content.length).append('}');
        }
      }
      json.append('}');
      separator = ",";
    }
    return json.append("]}").toString();
  }

  static String sha256(byte[] content) {
    return hash("SHA-256", content);
  }

  static String gitBlob(byte[] content) {
    byte[] start = ("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(start, start.length + content.length);
    System.arraycopy(content, 0, all, start.length, content.length);
    return hash("SHA-1", all);
  }

  private static String hash(String algorithm, byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  URI endpoint() {
    return server.address("127.0.0.1");
  }

  HubSettings settings(Optional<String> token, String... allowedHosts) {
    return new HubSettings(endpoint(), "main", token, Set.of(allowedHosts), 2, SHORT);
  }

  /// Pulls `hf:a/b` or one file of it into `folder`.
  Pulled pull(String name, Path folder) throws Exception {
    return pull(name, folder, settings(Optional.empty()));
  }

  Pulled pull(String name, Path folder, HubSettings settings) throws Exception {
    try (Hub hub = new Hub(settings)) {
      HubListing listing = hub.list(HubRepository.parse(name), messages::add);
      FileSelection.Files selected = (FileSelection.Files) FileSelection.of(listing);
      return hub.pull(listing, selected.files(), folder, new Recorder(messages));
    }
  }

  /// Returns the paths that were asked for and end with `suffix`.
  List<Request> requestsFor(String suffix) {
    return server.requests().stream().filter(one -> one.path().endsWith(suffix)).toList();
  }

  private record Recorder(List<String> messages) implements PullListener {
    @Override
    public void advanced(Progress progress) {
      if (progress.bytes() > progress.totalBytes()) {
        throw new IllegalStateException("more than all: " + progress);
      }
    }

    @Override
    public void finished(HubFile file, long bytes, boolean downloaded) {
      messages.add(file.name() + (downloaded ? " came" : " was here"));
    }

    @Override
    public void message(String text) {
      messages.add(text);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
