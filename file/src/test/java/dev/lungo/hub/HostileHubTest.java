package dev.lungo.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.hub.LoopbackServer.Answer;
import dev.lungo.hub.LoopbackServer.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pulls from a server that breaks off, changes its mind, lies, or leads astray.
class HostileHubTest {
  private static final String FILE = "model.safetensors";

  @TempDir private Path folder;
  private TestHub hub;
  private final byte[] weights = new byte[300_000];

  @BeforeEach
  void start() throws Exception {
    new Random(2).nextBytes(weights);
    hub = new TestHub().with(FILE, weights);
  }

  @AfterEach
  void stop() throws Exception {
    hub.close();
  }

  private void pull() throws Exception {
    hub.pull("hf:a/b:" + FILE, folder);
  }

  private void assertComplete() {
    assertThat(folder.resolve(FILE)).hasBinaryContent(weights);
    assertThat(folder.resolve(FILE + ".part")).doesNotExist();
    assertThat(folder.resolve(FILE + ".part.json")).doesNotExist();
  }

  private void assertRefused(String message) {
    assertThatThrownBy(this::pull).isInstanceOf(HubException.class).hasMessageContaining(message);
    assertThat(folder.resolve(FILE)).doesNotExist();
  }

  private static Answer always(int count, Answer answer, TestHub hub) {
    for (int i = 0; i < count; i++) {
      hub.then(FILE, answer);
    }
    return answer;
  }

  @Test
  void droppedConnectionIsContinuedWhereItBroke() throws Exception {
    hub.then(
        FILE,
        TestHub.dropAfter(weights, 100_000),
        TestHub.dropAfter(weights, 0),
        TestHub.dropAfter(weights, 150_000));
    pull();
    assertComplete();
    assertThat(hub.requestsFor(FILE))
        .extracting(request -> request.header("range").orElse("all"))
        .containsExactly("all", "bytes=100000-", "bytes=100000-", "bytes=250000-");
    assertThat(hub.requestsFor(FILE).getLast().header("if-range"))
        .contains("\"" + TestHub.sha256(weights) + "\"");
  }

  @Test
  void whatOnePullLeftTheNextContinues() throws Exception {
    for (int i = 0; i < TestHub.SHORT.tries(); i++) {
      hub.then(FILE, TestHub.dropAfter(weights, i == 0 ? 70_001 : 0));
    }
    // The first answer brought something, so that its failure is the first of four in a row.
    assertRefused("gave up after 4 tries");
    assertThat(Files.size(folder.resolve(FILE + ".part"))).isEqualTo(70_001);
    pull();
    assertComplete();
    assertThat(hub.requestsFor(FILE).getLast().header("range")).contains("bytes=70001-");
  }

  @Test
  void partThatIsCompleteIsOnlyVerified() throws Exception {
    Files.write(folder.resolve(FILE + ".part"), weights);
    Files.writeString(
        folder.resolve(FILE + ".part.json"),
        "{\"identity\":\"" + TestHub.sha256(weights) + "\",\"validator\":\"\",\"bytes\":300000}");
    pull();
    assertComplete();
    assertThat(hub.requestsFor(FILE)).isEmpty();
  }

  @Test
  void serverThatSendsAllInsteadOfTheRestIsReadFromTheStart() throws Exception {
    Answer whole =
        (request, out) -> {
          LoopbackServer.head(out, 200, "Content-Length: " + weights.length);
          out.write(weights);
        };
    hub.then(FILE, TestHub.dropAfter(weights, 100_000), whole);
    pull();
    assertComplete();
  }

  @Test
  void wrongRangeIsNotAppended() throws Exception {
    Answer wrong =
        (request, out) -> {
          LoopbackServer.head(
              out,
              206,
              "ETag: \"" + TestHub.sha256(weights) + "\"",
              "Content-Length: 200001",
              "Content-Range: bytes 99999-299999/300000");
          out.write(weights, 99_999, 200_001);
        };
    hub.then(FILE, TestHub.dropAfter(weights, 100_000), wrong);
    pull();
    assertComplete();
    assertThat(hub.messages)
        .anyMatch(message ->
            message.contains("asked for the bytes from 100000, got \"bytes 99999-299999/300000\""));
  }

  @Test
  void partThatNobodyAskedForIsRefused() throws Exception {
    hub.then(
        FILE, LoopbackServer.bare(206, "Content-Length: 0", "Content-Range: bytes 5-9/300000"));
    assertRefused("sends a part, though the whole was asked for");
  }

  @Test
  void rangeThatTheServerRefusesStartsOver() throws Exception {
    hub.then(
        FILE, TestHub.dropAfter(weights, 100_000), LoopbackServer.bare(416, "Content-Length: 0"));
    pull();
    assertComplete();
  }

  @Test
  void fileThatChangesBetweenTwoTriesStartsOver() throws Exception {
    hub.listsHashes = false;
    byte[] old = new byte[300_000];
    Answer stubborn =
        (request, out) -> {
          // Continues, but with another tag than before.
          LoopbackServer.head(
              out,
              206,
              "ETag: \"" + TestHub.sha256(weights) + "\"",
              "Content-Length: 200000",
              "Content-Range: bytes 100000-299999/300000");
          out.write(weights, 100_000, 200_000);
        };
    hub.then(FILE, TestHub.dropAfter(old, 100_000), stubborn);
    pull();
    assertComplete();
    assertThat(hub.messages).anyMatch(message -> message.contains("changed on the server"));
  }

  @Test
  void partOfAnotherFileIsFoundOutByItsHash() throws Exception {
    byte[] mixed = Arrays.copyOf(new byte[10], 100_000);
    Files.write(folder.resolve(FILE + ".part"), mixed);
    Files.writeString(
        folder.resolve(FILE + ".part.json"),
        "{\"identity\":\"" + TestHub.sha256(weights) + "\",\"validator\":\"\",\"bytes\":300000}");
    pull();
    assertComplete();
    assertThat(hub.messages).anyMatch(message -> message.contains("is not what the hub describes"));
  }

  @Test
  void wrongContentIsRefusedAndNotKept() throws Exception {
    byte[] other = weights.clone();
    other[299_999] ^= 1;
    hub.then(
        FILE,
        (request, out) -> {
          LoopbackServer.head(out, 200, "Content-Length: " + other.length);
          out.write(other);
        });
    assertRefused("its SHA256 should be " + TestHub.sha256(weights));
    assertThat(folder.resolve(FILE + ".part")).doesNotExist();
  }

  @Test
  void wrongContentIsFoundByTheTagAlone() throws Exception {
    hub.listsHashes = false;
    hub.then(
        FILE,
        (request, out) -> {
          LoopbackServer.head(
              out, 200, "ETag: W/\"" + TestHub.gitBlob(weights) + "\"", "Content-Length: 3");
          out.write("abc".getBytes(StandardCharsets.UTF_8));
        });
    assertRefused("its GIT_BLOB should be " + TestHub.gitBlob(weights));
  }

  @Test
  void lengthsThatContradictEachOtherAreRefused() throws Exception {
    hub.then(FILE, announcing("Content-Length: 5"));
    assertRefused("has 300000 bytes by the hub's word, but the answer announces 5");
    hub.then(FILE, announcing("X-Linked-Size: 7", "Content-Length: 300000"));
    assertRefused("but the answer announces 7");
    hub.listsHashes = false;
    hub.then(FILE, announcing("X-Linked-Size: -7", "Content-Length: 300000"));
    assertRefused("names the length \"-7\"");
    hub.then(FILE, LoopbackServer.bare(200));
    assertRefused("neither listing nor answer say how large it is");
  }

  /// Announces something and sends the file all the same: a connection that ended early would be a
  /// passing fault, and be tried again.
  private Answer announcing(String... headers) {
    return (request, out) -> {
      LoopbackServer.head(out, 200, headers);
      out.write(weights);
    };
  }

  @Test
  void moreBytesThanAnnouncedAreNotWritten() throws Exception {
    hub.then(
        FILE,
        (request, out) -> {
          LoopbackServer.head(out, 200, "Transfer-Encoding: chunked");
          for (int i = 0; i < 40; i++) {
            out.write("2710\r\n".getBytes(StandardCharsets.UTF_8));
            out.write(new byte[10_000]);
            out.write("\r\n".getBytes(StandardCharsets.UTF_8));
          }
        });
    assertRefused("more than 300000 bytes come");
    assertThat(Files.size(folder.resolve(FILE + ".part"))).isLessThanOrEqualTo(300_000);
  }

  @Test
  void trickleCountsAsDropped() throws Exception {
    Answer trickle =
        (request, out) -> {
          LoopbackServer.head(out, 200, "Content-Length: 300000");
          for (int i = 0; i < 100; i++) {
            out.write(i);
            out.flush();
            Thread.sleep(30);
          }
        };
    hub.then(FILE, trickle);
    pull();
    assertComplete();
    assertThat(hub.messages).anyMatch(message -> message.contains("bytes came in 0.7 s"));
  }

  @Test
  void silenceEndsInMessage() throws Exception {
    always(4, (request, out) -> Thread.sleep(60_000), hub);
    assertRefused("no answer from http://127.0.0.1");
  }

  @Test
  void busyServerIsAskedAgain() throws Exception {
    hub.then(
        "?blobs=true",
        LoopbackServer.bare(429, "Retry-After: 1", "Content-Length: 0"),
        LoopbackServer.bare(503, "Content-Length: 0"));
    hub.then(FILE, LoopbackServer.bare(500, "Content-Length: 0"));
    pull();
    assertComplete();
    assertThat(hub.messages).anyMatch(message -> message.contains("answers 429; again in 1.0 s"));
  }

  @Test
  void serverThatAsksToWaitForDaysIsNotWaitedFor() throws Exception {
    hub.then(FILE, LoopbackServer.bare(429, "Retry-After: 86400", "Content-Length: 0"));
    assertRefused("the server asks to wait 86400 s");
    hub.then(
        FILE,
        LoopbackServer.bare(
            503, "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT", "Content-Length: 0"));
    assertRefused("the server asks to wait ");
  }

  @Test
  void refusalsSayWhatToDo() throws Exception {
    hub.then(FILE, LoopbackServer.bare(401, "Content-Length: 0"));
    assertRefused("give a token with --token or HF_TOKEN");
    hub.then(
        FILE,
        LoopbackServer.bare(
            403, "X-Error-Message: Access to model a/b is restricted", "Content-Length: 0"));
    assertThatThrownBy(
            () -> hub.pull("hf:a/b:" + FILE, folder, hub.settings(Optional.of("hf_secret"))))
        .hasMessageContaining("it says \"Access to model a/b is restricted\"")
        .hasMessageContaining("accept the model's terms")
        .hasMessageNotContaining("hf_secret");
    hub.then(FILE, LoopbackServer.bare(404, "Content-Length: 0"));
    assertRefused("there is no such model, revision or file");
    assertThatThrownBy(() -> hub.pull("hf:not/there", folder))
        .hasMessageContaining("not/there: 127.0.0.1 answers 404");
  }

  @Test
  void compressedBodyIsRefused() throws Exception {
    hub.then(FILE, LoopbackServer.bare(200, "Content-Encoding: gzip", "Content-Length: 0"));
    assertRefused("encoded as \"gzip\", though it was asked not to");
    assertThat(hub.requestsFor(FILE).getFirst().header("accept-encoding")).contains("identity");
  }

  @Test
  void answerThatIsNoHttpEndsInMessage() throws Exception {
    always(
        4,
        (request, out) -> out.write("SSH-2.0 hello\r\n\r\n".getBytes(StandardCharsets.UTF_8)),
        hub);
    assertRefused("gave up after 4 tries");
  }

  @Test
  void closedPortEndsInMessage() throws Exception {
    HubSettings settings = hub.settings(Optional.empty());
    hub.close();
    assertThatThrownBy(() -> hub.pull("hf:a/b", folder, settings))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("no answer from http://127.0.0.1")
        .hasMessageContaining("try again later");
  }

  @Test
  void tokenStaysWithTheEndpoint() throws Exception {
    try (LoopbackServer elsewhere =
        new LoopbackServer((request, out) -> TestHub.send(weights, request, out))) {
      String location = "Location: " + elsewhere.address("127.0.0.1") + "/signed?key=1";
      String tag = "X-Linked-Etag: \"" + TestHub.sha256(weights) + "\"";
      hub.then(FILE, LoopbackServer.bare(302, location, tag, "Content-Length: 0"));
      hub.pull("hf:a/b:" + FILE, folder, hub.settings(Optional.of("hf_secret")));
      assertComplete();
      assertThat(hub.server.requests())
          .allMatch(
              request -> request.header("authorization").equals(Optional.of("Bearer hf_secret")));
      assertThat(elsewhere.requests())
          .singleElement()
          .matches(request -> request.header("authorization").isEmpty());
    }
  }

  @Test
  void tokenReturnsWithTheRequestToTheEndpoint() throws Exception {
    hub.then(
        FILE, LoopbackServer.bare(307, "Location: /a/b/resolve/" + TestHub.COMMIT + "/" + FILE));
    hub.pull("hf:a/b:" + FILE, folder, hub.settings(Optional.of("hf_secret")));
    assertThat(hub.requestsFor(FILE))
        .hasSize(2)
        .allMatch(request -> request.header("authorization").isPresent());
  }

  @Test
  void hostThatNobodyAllowedIsNotVisited() throws Exception {
    try (LoopbackServer elsewhere =
        new LoopbackServer((request, out) -> TestHub.send(weights, request, out))) {
      Answer away = LoopbackServer.bare(302, "Location: " + elsewhere.address("localhost") + "/x");
      hub.then(FILE, away);
      assertRefused("redirected to the host localhost, which is not allowed");
      assertThat(elsewhere.requests()).isEmpty();
      hub.then(FILE, away);
      hub.pull("hf:a/b:" + FILE, folder, hub.settings(Optional.of("hf_secret"), "localhost"));
      assertComplete();
      assertThat(elsewhere.requests())
          .singleElement()
          .matches((Request request) -> request.header("authorization").isEmpty());
    }
  }

  @Test
  void unencryptedHostIsNotVisited() throws Exception {
    hub.then(FILE, LoopbackServer.bare(302, "Location: http://cdn-lfs.huggingface.co/x?secret=1"));
    assertRefused("redirected to http://cdn-lfs.huggingface.co/x, which is not encrypted");
  }

  @Test
  void redirectsThatLeadNowhereEndInMessage() throws Exception {
    for (String location :
        new String[] {"", "http://[", "file:///etc/passwd", "https://u:p@hf.co/"}) {
      hub.then(FILE, LoopbackServer.bare(302, "Location: " + location, "Content-Length: 0"));
      assertRefused("redirected to ");
    }
  }

  @Test
  void circleOfRedirectsIsLeft() throws Exception {
    always(
        30,
        LoopbackServer.bare(
            302, "Location: /a/b/resolve/" + TestHub.COMMIT + "/" + FILE, "Content-Length: 0"),
        hub);
    assertRefused("more than 10 redirects");
    assertThat(hub.requestsFor(FILE)).hasSize(11);
  }

  @Test
  void interruptedPullLeavesPartThatTheNextContinues() throws Exception {
    hub.then(
        FILE,
        (request, out) -> {
          TestHub.dropAfter(weights, 120_000).write(request, out);
          out.flush();
          Thread.sleep(60_000);
        });
    HubSettings patient =
        new HubSettings(
            hub.endpoint(), "main", Optional.empty(), java.util.Set.of(), 1, Patience.USUAL);
    Thread pulling =
        Thread.ofPlatform()
            .start(() -> {
              try {
                hub.pull("hf:a/b:" + FILE, folder, patient);
              } catch (Exception interrupted) {
                Thread.currentThread().interrupt();
              }
            });
    Path part = folder.resolve(FILE + ".part");
    while (!Files.exists(part) || Files.size(part) < 120_000) {
      Thread.sleep(5);
    }
    pulling.interrupt();
    pulling.join();
    assertThat(folder.resolve(FILE)).doesNotExist();
    pull();
    assertComplete();
    assertThat(hub.requestsFor(FILE).getLast().header("range")).contains("bytes=120000-");
  }

  @Test
  void listingThatIsNoneIsReportedAsMalformed() {
    String deep = "[".repeat(10_000);
    String[] listings = {
      "",
      "null",
      "[]",
      "{",
      "{}",
      "{\"siblings\":{}}",
      "{\"siblings\":[1]}",
      "{\"siblings\":[{}]}",
      "{\"siblings\":[{\"rfilename\":7}]}",
      "{\"siblings\":[{\"rfilename\":\"a\"},{\"rfilename\":\"a\"}]}",
      "{\"siblings\":[{\"rfilename\":\"a\",\"size\":-1}]}",
      "{\"siblings\":[{\"rfilename\":\"a\",\"size\":99999999999999999999}]}",
      "{\"siblings\":[{\"rfilename\":\"a\"",
      "{\"sha\":\"../..\",\"siblings\":[]}",
      "{\"x\":" + deep,
      "{\"siblings\":[{\"rfilename\":\"../config.json\"}]}",
      "{\"siblings\":[{\"rfilename\":\"/etc/passwd\"}]}",
      "{\"siblings\":[{\"rfilename\":\"a\\\\b\"}]}",
      "{\"siblings\":[{\"rfilename\":\"a\\u0000b\"}]}",
      "{\"siblings\":[{\"rfilename\":\"a\\u001b[2J\"}]}",
      "{\"siblings\":[{\"rfilename\":\"C:/x\"}]}",
    };
    for (String listing : listings) {
      hub.then(
          "?blobs=true",
          (request, out) -> {
            byte[] bytes = listing.getBytes(StandardCharsets.UTF_8);
            LoopbackServer.head(out, 200, "Content-Length: " + bytes.length);
            out.write(bytes);
          });
      assertThatThrownBy(this::pull)
          .as(listing.length() > 80 ? "deep" : listing)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("/api/models/a/b/revision/main: at byte ");
    }
  }

  @Test
  void endlessListingIsCut() throws Exception {
    hub.then(
        "?blobs=true",
        (request, out) -> {
          LoopbackServer.head(out, 200);
          byte[] spaces = new byte[1 << 20];
          Arrays.fill(spaces, (byte) ' ');
          while (true) {
            out.write(spaces);
          }
        });
    assertRefused("the answer has more than 33554432 bytes");
  }
}
