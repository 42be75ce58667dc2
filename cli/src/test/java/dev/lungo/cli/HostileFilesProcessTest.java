package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lungo.cli.Processes.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The worst files that a stranger could send, opened as a user opens them, with a heap of 64 MB:
/// each must end in one line and exit status 1.
class HostileFilesProcessTest {
  private static final String CONFIG =
      "{\"model_type\":\"llama\",\"vocab_size\":16777216,\"hidden_size\":1048576,"
          + "\"num_hidden_layers\":10000,\"num_attention_heads\":64,\"intermediate_size\":16777216,"
          + "\"max_position_embeddings\":268435456}";

  @TempDir private Path folder;

  private void assertRefused(String reason, String... arguments) throws Exception {
    Map<String, String> environment =
        Map.of(
            "LUNGO_NO_BUILD", "1",
            "LUNGO_JAVA_HOME", System.getProperty("java.home"),
            "LUNGO_JAVA_OPTS", "-Xmx64m");
    Outcome outcome =
        Processes.run(Processes.home().resolve("lungo"), folder, environment, arguments);
    assertThat(outcome.err())
        .startsWith("lungo: ")
        .hasLineCount(1)
        .contains(reason)
        .doesNotContain("\u001b")
        .doesNotContain("internal error");
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.status()).isEqualTo(1);
  }

  private Path model(String name, String json) throws IOException {
    Path model = Files.createDirectories(folder.resolve(name));
    Files.writeString(model.resolve("config.json"), CONFIG);
    Files.writeString(model.resolve("tokenizer.json"), json);
    return model;
  }

  private static byte[] safetensors(long headerLength, String header) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(headerLength)
        .put(text)
        .array();
  }

  /// Begins a GGUF file with one metadata entry, of which the value is still to come.
  private static byte[] gguf(String name, int... value) {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(24 + 8 + text.length + 4 * value.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(0).putLong(1);
    bytes.putLong(text.length).put(text);
    for (int part : value) {
      bytes.putInt(part);
    }
    return bytes.array();
  }

  private Path sparse(String name, byte[] start, long length) throws IOException {
    Path file = Files.write(folder.resolve(name), start);
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.setLength(length);
    }
    return file;
  }

  @Test
  void hugeModelOfFewBytesTakesNoMemory() throws Exception {
    Path model = model("huge", tinyTokenizer());
    Files.write(model.resolve("model.safetensors"), safetensors(2, "{}"));
    assertRefused("but config.json asks for at least", "generate", model.toString());
  }

  private static String tinyTokenizer() {
    return "{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":0,\"b\":1}}}";
  }

  @Test
  void deepHeaderOfSafetensorsIsRefused() throws Exception {
    String deep = "{\"a\":" + "[".repeat(10_000_000);
    Path file = Files.write(folder.resolve("a.safetensors"), safetensors(deep.length(), deep));
    assertRefused("a.safetensors: at byte ", "inspect", file.toString());
  }

  @Test
  void headerLengthBeyondAllFilesIsRefused() throws Exception {
    Path file = Files.write(folder.resolve("a.safetensors"), safetensors(Long.MIN_VALUE, "{}"));
    assertRefused("header length: is 9223372036854775808", "inspect", file.toString());
  }

  @Test
  void hundredThousandNamesDoNotFillTheHeap() throws Exception {
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    String name = "x".repeat(900);
    for (int i = 0; i < 90_000; i++) {
      String entry =
          (i == 0 ? "{" : ",")
              + "\""
              + i
              + name
              + "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
      header.writeBytes(entry.getBytes(StandardCharsets.UTF_8));
    }
    header.write('}');
    Path file = folder.resolve("a.safetensors");
    Files.write(file, safetensors(header.size(), header.toString(StandardCharsets.UTF_8)));
    assertRefused("characters together", "inspect", file.toString());
  }

  @Test
  void listLargerThanTheHeapIsRefused() throws Exception {
    // An array (9) of 250 million truth values (7), as many bytes as the file has.
    Path file = sparse("a.gguf", gguf("general.x", 9, 7, 250_000_000, 0), 260_000_000);
    assertRefused("bytes of the heap", "inspect", file.toString());
    Path strings = sparse("b.gguf", gguf("general.x", 9, 8, 30_000_000, 0), 260_000_000);
    assertRefused("bytes of the heap", "inspect", strings.toString());
    Path string = sparse("c.gguf", gguf("general.x", 8, 250_000_000, 0), 260_000_000);
    assertRefused("bytes of the heap", "inspect", string.toString());
  }

  @Test
  void fileThatNamesItselfInControlCharactersIsShownWithoutThem() throws Exception {
    Path file = Files.write(folder.resolve("a.gguf"), gguf("\u001b[2J\u0007", 99));
    assertRefused("type: 99 is unknown", "inspect", file.toString());
    Path model = model("names", "{\"model\":{\"type\":\"\\u001b[2J\"}}");
    assertRefused("tokenizer.json", "generate", model.toString());
  }

  @Test
  void tokenizersLargerThanTheHeapAreRefused() throws Exception {
    Path model = model("large", "");
    sparse("large/tokenizer.json", "{".getBytes(StandardCharsets.UTF_8), 200_000_000);
    assertRefused("tokenizer.json: at byte 0, size: 200000000", "generate", model.toString());
    Files.delete(model.resolve("tokenizer.json"));
    sparse("large/tok.bin", new byte[4], 200_000_000);
    assertRefused("tok.bin: at byte 0, size: 200000000", "generate", model.toString());
  }

  @Test
  void indexThatLeadsElsewhereIsRefused() throws Exception {
    Path model = model("index", tinyTokenizer());
    Files.writeString(
        model.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"a\":\"../../etc/passwd\"}}");
    assertRefused("must name a .safetensors file in the same folder", "generate", model.toString());
  }

  @Test
  void emptyFilesAreRefused() throws Exception {
    for (String name : new String[] {"a.gguf", "a.safetensors"}) {
      Path file = Files.write(folder.resolve(name), new byte[0]);
      assertRefused(name + ": at byte 0", "inspect", file.toString());
    }
  }
}
