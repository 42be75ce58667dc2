package dev.lungo.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What names may be, which hosts may be visited, and where the token comes from.
class HubNamesTest {
  @TempDir private Path folder;

  @Test
  void namesHaveAnOwnerAndMayHaveFile() {
    HubRepository one = HubRepository.parse("hf:Qwen/Qwen3-0.6B");
    assertThat(one.id()).isEqualTo("Qwen/Qwen3-0.6B");
    assertThat(one.file()).isEmpty();
    assertThat(one.folder()).isEqualTo(Path.of("models", "Qwen--Qwen3-0.6B"));
    HubRepository file = HubRepository.parse("hf:a/b:sub/c.gguf");
    assertThat(file.file()).contains("sub/c.gguf");
    assertThat(file).hasToString("hf:a/b:sub/c.gguf");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a/b",
        "hf:",
        "hf:a",
        "hf:a/",
        "hf:/b",
        "hf:../b",
        "hf:a/..",
        "hf:a/b/c",
        "hf:a b/c",
        "hf:a/b:",
        "hf:a/b:../x",
        "hf:a/b:/x",
        "hf:a/b:c\\d",
        "hf:a/b:NUL",
        "hf:a/b:x/con.gguf",
        "hf:a/b:x.part",
        "hf:a/b:x.part.json",
        "hf:a/b:.lungo-pull.json",
        "hf:a/b:a//b",
        "hf:a/b:a/./b",
        "hf:a/b:a.",
        "hf:a/b:a:b",
        "hf:a/b:a\u0000",
        "hf:a/b:a\nb",
        "hf:a/b: a"
      })
  void otherNamesAreRefused(String name) {
    assertThatThrownBy(() -> HubRepository.parse(name))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "https://huggingface.co/x, true",
    "https://HUGGINGFACE.CO/x, true",
    "https://hf.co/x, true",
    "https://cas-bridge.xethub.hf.co/x, true",
    "https://cdn-lfs.huggingface.co/x, true",
    "https://cdn-lfs-us-1.huggingface.co/x, true",
    "https://hub.example.org/x, true",
    "https://hub.example.org:8443/x, true",
    "https://mirror.example.net/x, true",
    "https://deep.down.example.com/x, true",
    "https://example.com/x, false",
    "https://evilhf.co/x, false",
    "https://hf.co.evil.org/x, false",
    "https://cdn-lfs.evil.huggingface.co/x, false",
    "https://xcdn-lfs.huggingface.co/x, false",
    "https://huggingface.co@evil.org/x, false",
    "http://huggingface.co/x, false",
    "http://hub.example.org/x, false",
    "http://localhost/x, false",
    "https://127.0.0.1/x, false",
    "ftp://huggingface.co/x, false",
    "file:///etc/passwd, false",
  })
  void onlyNamedHostsAreVisited(String address, boolean allowed) {
    HostRules rules =
        new HostRules(
            URI.create("https://hub.example.org"), Set.of("mirror.example.net", "*.example.com"));
    boolean visited = true;
    try {
      rules.check(URI.create(address));
    } catch (HubException refused) {
      visited = false;
    }
    assertThat(visited).isEqualTo(allowed);
  }

  @Test
  void tokenTravelsToTheEndpointAloneAndNeverInTheOpen() {
    HostRules secure = new HostRules(URI.create("https://hub.example.org"), Set.of());
    assertThat(secure.mayCarryToken(URI.create("https://hub.example.org/x"))).isTrue();
    assertThat(secure.mayCarryToken(URI.create("https://hub.example.org:443/x"))).isTrue();
    assertThat(secure.mayCarryToken(URI.create("https://hub.example.org:8443/x"))).isFalse();
    assertThat(secure.mayCarryToken(URI.create("http://hub.example.org/x"))).isFalse();
    assertThat(secure.mayCarryToken(URI.create("https://cdn.hub.example.org/x"))).isFalse();
    HostRules open = new HostRules(URI.create("http://hub.example.org"), Set.of());
    assertThat(open.mayCarryToken(URI.create("http://hub.example.org/x"))).isFalse();
    HostRules here = new HostRules(URI.create("http://127.0.0.1:8000"), Set.of());
    assertThat(here.mayCarryToken(URI.create("http://127.0.0.1:8000/x"))).isTrue();
    assertThat(here.mayCarryToken(URI.create("http://127.0.0.1:8001/x"))).isFalse();
    assertThat(here.mayCarryToken(URI.create("http://localhost:8000/x"))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hub",
        "ftp://a",
        "http://",
        "https://u:p@a",
        "https://a?b",
        "https://a#b",
        "https://a b"
      })
  void endpointsThatAreNoAddressesAreRefused(String text) {
    assertThatThrownBy(() -> HubSettings.endpoint(text))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a b", "a\nX-Header: 1", ""})
  void tokensThatWouldBreakTheHeaderAreRefused(String token) {
    assertThatThrownBy(() ->
            new HubSettings(
                HubSettings.endpoint("https://a"),
                "main",
                Optional.of(token),
                Set.of(),
                1,
                Patience.USUAL))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("token");
  }

  @Test
  void tokenIsGivenOrInTheEnvironmentOrInTheHomeFolder() throws Exception {
    assertThat(HubToken.find(Optional.empty(), Map.of(), folder)).isEmpty();
    Path file = folder.resolve(".cache/huggingface/token");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "hf_file\n");
    assertThat(HubToken.find(Optional.empty(), Map.of(), folder)).contains("hf_file");
    Map<String, String> environment = Map.of("HF_TOKEN", "hf_environment");
    assertThat(HubToken.find(Optional.empty(), environment, folder)).contains("hf_environment");
    assertThat(HubToken.find(Optional.of("hf_given"), environment, folder)).contains("hf_given");
    Files.writeString(folder.resolve("token"), "hf_elsewhere");
    assertThat(HubToken.find(Optional.empty(), Map.of("HF_HOME", folder.toString()), folder))
        .contains("hf_elsewhere");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "999, 999 B",
    "1000, 1.0 kB",
    "9949, 9.9 kB",
    "9951, 10 kB",
    "999499, 999 kB",
    "999500, 1.0 MB",
    "637699456, 638 MB",
    "9223372036854775807, 9.2 EB"
  })
  void sizesReadAsPeopleSayThem(long bytes, String expected) {
    assertThat(HubFile.size(bytes)).isEqualTo(expected);
  }
}
