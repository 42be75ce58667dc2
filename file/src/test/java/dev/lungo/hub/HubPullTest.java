package dev.lungo.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pulls from a server that behaves.
class HubPullTest {
  @TempDir private Path folder;
  private TestHub hub;
  private final byte[] weights = new byte[300_000];

  @BeforeEach
  void start() throws Exception {
    new Random(1).nextBytes(weights);
    hub =
        new TestHub()
            .with("config.json", "{}")
            .with("tokenizer.json", "{\"model\":1}")
            .with("model.safetensors", weights)
            .with("pytorch_model.bin", "no")
            .with("onnx/model.onnx", "no")
            .with("README.md", "no");
  }

  @AfterEach
  void stop() throws Exception {
    hub.close();
  }

  private List<String> names() throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void whatLungoOpensIsPulledAndNothingElse() throws Exception {
    Pulled pulled = hub.pull("hf:a/b", folder);
    assertThat(names())
        .containsExactly(".lungo-pull.json", "config.json", "model.safetensors", "tokenizer.json");
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(pulled.files()).hasSize(3).allMatch(Pulled.Item::downloaded);
    assertThat(pulled.downloadedBytes()).isEqualTo(pulled.bytes()).isEqualTo(300_013);
    assertThat(pulled.commit()).contains(TestHub.COMMIT);
    assertThat(pulled.model()).isEqualTo(folder.toString());
  }

  @Test
  void whatIsHereIsNotPulledAgain() throws Exception {
    hub.pull("hf:a/b", folder);
    hub.messages.clear();
    int before = hub.server.requests().size();
    Pulled again = hub.pull("hf:a/b", folder);
    assertThat(again.downloadedBytes()).isZero();
    assertThat(hub.messages)
        .containsExactlyInAnyOrder(
            "config.json was here", "tokenizer.json was here", "model.safetensors was here");
    assertThat(hub.server.requests()).as("the listing alone").hasSize(before + 1);
  }

  @Test
  void fileThatWasChangedHereIsPulledAgain() throws Exception {
    hub.pull("hf:a/b", folder);
    byte[] damaged = weights.clone();
    damaged[7] ^= 1;
    Files.write(folder.resolve("model.safetensors"), damaged);
    Files.writeString(folder.resolve("config.json"), "{\"a\":1}");
    hub.pull("hf:a/b", folder);
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(folder.resolve("config.json")).hasContent("{}");
  }

  @Test
  void fileThatSomebodyPutHereCountsIfItIsTheSame() throws Exception {
    Files.write(folder.resolve("model.safetensors"), weights);
    hub.pull("hf:a/b", folder);
    assertThat(hub.requestsFor("model.safetensors")).isEmpty();
  }

  @Test
  void withoutHashesInTheListingTheServerIsAskedWhetherAnythingChanged() throws Exception {
    hub.listsHashes = false;
    hub.pull("hf:a/b", folder);
    hub.messages.clear();
    hub.pull("hf:a/b", folder);
    assertThat(hub.messages).hasSize(3).allMatch(message -> message.endsWith(" was here"));
    byte[] other = weights.clone();
    other[0] ^= 1;
    hub.with("model.safetensors", other);
    hub.pull("hf:a/b", folder);
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(other);
  }

  @Test
  void oneFileThatIsNamedIsPulledAlone() throws Exception {
    hub.with("sub/tiny.Q8_0.gguf", weights);
    Pulled pulled = hub.pull("hf:a/b:sub/tiny.Q8_0.gguf", folder);
    assertThat(folder.resolve("sub/tiny.Q8_0.gguf")).hasBinaryContent(weights);
    assertThat(pulled.model()).isEqualTo(folder.resolve("sub/tiny.Q8_0.gguf").toString());
    assertThat(names()).containsExactly(".lungo-pull.json", "sub");
  }

  @Test
  void folderOfAnotherRepositoryIsNotMixedWithThisOne() throws Exception {
    Files.writeString(
        folder.resolve(".lungo-pull.json"),
        "{\"repository\":\"x/y\",\"commit\":\"\",\"files\":{}}");
    assertThatThrownBy(() -> hub.pull("hf:a/b", folder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("holds x/y; choose another folder");
  }

  @Test
  void damagedRecordOfThePullIsNoObstacle() throws Exception {
    for (String text : List.of("", "null", "[", "{}", "{\"repository\":1,\"files\":[]}", "\0")) {
      Files.writeString(folder.resolve(".lungo-pull.json"), text);
      assertThat(hub.pull("hf:a/b", folder).files()).hasSize(3);
    }
  }

  @Test
  void linkThatLeadsOutOfTheFolderIsNotFollowed() throws Exception {
    Path inside = Files.createDirectory(folder.resolve("inside"));
    Path outside = Files.createDirectory(folder.resolve("outside"));
    Files.createSymbolicLink(inside.resolve("sub"), outside);
    hub.with("sub/tiny.gguf", weights);
    assertThatThrownBy(() -> hub.pull("hf:a/b:sub/tiny.gguf", inside))
        .hasMessageContaining("is a link that leads out of");
    assertThat(outside).isEmptyDirectory();
    Path secret = Files.writeString(folder.resolve("secret"), "mine");
    Files.createSymbolicLink(inside.resolve("config.json.part"), secret);
    assertThatThrownBy(() -> hub.pull("hf:a/b", inside)).isInstanceOf(java.io.IOException.class);
    assertThat(secret).hasContent("mine");
  }

  @Test
  void twoPullsDoNotWriteIntoOneFile() throws Exception {
    try (PartFile held = PartFile.open(folder.resolve("model.safetensors"))) {
      assertThat(held.bytes()).isZero();
      assertThatThrownBy(() -> hub.pull("hf:a/b", folder))
          .isInstanceOf(HubException.class)
          .hasMessageContaining("another download writes this file");
    }
  }

  @Test
  void modelThatDoesNotFitTheDiskIsRefusedBeforeAnythingComes() throws Exception {
    hub.then(
        "?blobs=true",
        (request, out) -> {
          String huge =
              "{\"siblings\":[{\"rfilename\":\"config.json\",\"size\":2},"
                  + "{\"rfilename\":\"model.safetensors\",\"size\":1152921504606846976}]}";
          LoopbackServer.head(out, 200, "Content-Length: " + huge.length());
          out.write(huge.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        });
    assertThatThrownBy(() -> hub.pull("hf:a/b", folder))
        .isInstanceOf(HubException.class)
        .hasMessageStartingWith("needs 1.2 EB, but ");
    assertThat(hub.server.requests()).hasSize(1);
  }

  @Test
  void repositoryOfSingleFileModelsAsksToNameOne() throws Exception {
    try (TestHub other =
            new TestHub().with("a.Q4_0.gguf", weights).with("a.Q8_0.gguf", "x").with("c.md", "");
        Hub client = new Hub(other.settings(Optional.empty()))) {
      HubListing listing = client.list(HubRepository.parse("hf:a/b"), text -> {});
      FileSelection.NameOne choice = (FileSelection.NameOne) FileSelection.of(listing);
      assertThat(choice.candidates())
          .extracting(HubFile::name, HubFile::size)
          .containsExactly(
              org.assertj.core.api.Assertions.tuple("a.Q4_0.gguf", "300 kB"),
              org.assertj.core.api.Assertions.tuple("a.Q8_0.gguf", "1 B"));
      assertThatThrownBy(() -> other.pull("hf:a/b:nothing.gguf", folder))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("hf:a/b holds no file nothing.gguf; it has a.Q4_0.gguf, a.Q8_0.gguf");
    }
  }

  @Test
  void shardsComeWithTheirIndex() throws Exception {
    try (TestHub sharded =
        new TestHub()
            .with("config.json", "{}")
            .with("model.safetensors.index.json", "{\"weight_map\":{}}")
            .with("model-00001-of-00002.safetensors", "one")
            .with("model-00002-of-00002.safetensors", "two")
            .with("consolidated.safetensors", "again")) {
      assertThat(sharded.pull("hf:a/b", folder).files())
          .extracting(Pulled.Item::name)
          .containsExactly(
              "config.json",
              "model.safetensors.index.json",
              "model-00001-of-00002.safetensors",
              "model-00002-of-00002.safetensors");
    }
  }
}
