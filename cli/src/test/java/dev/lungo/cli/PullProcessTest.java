package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lungo.cli.Processes.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Pulls a model that `./lungo train` has just made from a server that lists it, and lets it write.
class PullProcessTest {
  private static final String COMMIT = "0123456789012345678901234567890123456789";

  @TempDir private Path folder;
  private HttpServer server;
  private Path served;
  private final List<String> authorizations = new CopyOnWriteArrayList<>();

  @BeforeEach
  void start() throws IOException {
    served = Files.createDirectory(folder.resolve("served"));
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
      String path = exchange.getRequestURI().getPath();
      String prefix = "/a/b/resolve/" + COMMIT + "/";
      byte[] body;
      if (path.equals("/api/models/a/b/revision/main")) {
        try (Stream<Path> files = Files.list(served)) {
          body =
              files
                  .map(file -> "{\"rfilename\":\"" + file.getFileName() + "\"}")
                  .collect(
                      Collectors.joining(",", "{\"sha\":\"" + COMMIT + "\",\"siblings\":[", "]}"))
                  .getBytes(StandardCharsets.UTF_8);
        }
      } else if (path.startsWith(prefix)) {
        body = Files.readAllBytes(served.resolve(path.substring(prefix.length())));
      } else {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private String endpoint() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private Outcome lungo(String... arguments) throws Exception {
    Process process =
        Processes.start(
            Processes.home().resolve("lungo"),
            folder,
            Map.of(
                "LUNGO_NO_BUILD", "1",
                "LUNGO_JAVA_HOME", System.getProperty("java.home"),
                "HF_TOKEN", "hf_secret"),
            arguments);
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    return new Outcome(process.exitValue(), last("out"), last("err"));
  }

  private String last(String prefix) throws IOException {
    try (var files = Files.newDirectoryStream(folder, prefix + "*.txt")) {
      Path file = files.iterator().next();
      String text = Files.readString(file, StandardCharsets.UTF_8);
      Files.delete(file);
      return text;
    }
  }

  @Test
  void pulledModelWrites() throws Exception {
    Path corpus = folder.resolve("corpus.txt");
    Files.writeString(corpus, "one two three four five six seven eight nine ten\n\n".repeat(2000));
    Outcome trained =
        lungo(
            "train",
            "--corpus",
            corpus.toString(),
            "--out",
            served.toString(),
            "--depth",
            "1",
            "--vocabulary",
            "280",
            "--context",
            "32",
            "--batch",
            "2",
            "--steps",
            "2");
    assertThat(trained.status()).as(trained.err()).isZero();

    Outcome pulled = lungo("pull", "hf:a/b", "--endpoint", endpoint(), "--json");
    assertThat(pulled.status()).as(pulled.err()).isZero();
    JsonNode result =
        JsonMapper.builder().build().readTree(pulled.out().lines().toList().getLast());
    assertThat(result.get("model").asString()).isEqualTo(Path.of("models", "a--b").toString());
    assertThat(result.get("commit").asString()).isEqualTo(COMMIT);
    assertThat(pulled.err())
        .contains("model.safetensors")
        .contains("downloaded")
        .doesNotContain("\u001b")
        .doesNotContain("hf_secret");
    assertThat(authorizations).isNotEmpty().allMatch("Bearer hf_secret"::equals);
    assertThat(folder.resolve("models/a--b/model.safetensors"))
        .hasSameBinaryContentAs(served.resolve("model.safetensors"));
    assertThat(folder.resolve("models/a--b/report.html")).doesNotExist();

    String[] settings = {"--prompt", "one two", "-n", "8", "--temperature", "0"};
    Outcome original = generate(served.toString(), settings);
    assertThat(original.status()).as(original.err()).isZero();
    assertThat(original.out()).startsWith("one two");
    assertThat(generate("models/a--b", settings).out()).isEqualTo(original.out());
    assertThat(generate("hf:a/b", settings).out()).isEqualTo(original.out());
  }

  private Outcome generate(String model, String... settings) throws Exception {
    return lungo(
        Stream.concat(Stream.of("generate", model), Stream.of(settings)).toArray(String[]::new));
  }

  @Test
  void failuresAreOneLineEach() throws Exception {
    Outcome absent = lungo("pull", "hf:not/there", "--endpoint", endpoint());
    assertThat(absent.status()).isEqualTo(1);
    assertThat(absent.err()).startsWith("lungo: not/there: 127.0.0.1 answers 404").hasLineCount(1);
    Outcome unpulled = lungo("generate", "hf:a/b");
    assertThat(unpulled.status()).isEqualTo(2);
    assertThat(unpulled.err()).contains("first run ./lungo pull hf:a/b").hasLineCount(1);
    Files.writeString(served.resolve("x.Q4_0.gguf"), "x");
    Files.writeString(served.resolve("x.Q8_0.gguf"), "x");
    Outcome several = lungo("pull", "hf:a/b", "--endpoint", endpoint());
    assertThat(several.status()).isEqualTo(2);
    assertThat(several.err()).contains("x.Q4_0.gguf", "x.Q8_0.gguf", "as in hf:a/b:x.Q");
    Outcome open =
        lungo("pull", "hf:a/b", "--endpoint", "http://hub.example.org", "--token", "hf_secret");
    assertThat(open.status()).isEqualTo(2);
    assertThat(open.err()).contains("unencrypted").doesNotContain("hf_secret").hasLineCount(1);
  }
}
