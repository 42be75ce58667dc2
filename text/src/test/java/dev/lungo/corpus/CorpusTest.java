package dev.lungo.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.lungo.file.MalformedFileException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CorpusTest {
  @TempDir Path folder;

  private static List<Document> read(DocumentStream stream) throws IOException {
    List<Document> documents = new ArrayList<>();
    try (stream) {
      for (Optional<Document> next = stream.next(); next.isPresent(); next = stream.next()) {
        documents.add(next.get());
      }
    }
    return documents;
  }

  private static List<Document> read(Path path) throws IOException {
    return read(Corpus.open(path).documents());
  }

  private static String joined(List<Document> documents) {
    StringBuilder text = new StringBuilder();
    documents.forEach(document -> text.append(document.text()));
    return text.toString();
  }

  private static byte[] packed(String kind, byte[] content) throws IOException {
    if (kind.equals("zst")) {
      return Zstd.compress(content);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    }
    return out.toByteArray();
  }

  @Test
  void largeTextComesInPartsOfWholeCharacters() throws IOException {
    String text = "größe 中文 😉 line\n".repeat(100_000);
    Path file = Files.writeString(folder.resolve("large.txt"), text);
    List<Document> parts = read(file);
    assertThat(parts).hasSizeGreaterThan(2);
    assertThat(joined(parts)).isEqualTo(text);
    assertThat(parts.getLast().continues()).isFalse();
    assertThat(parts.subList(0, parts.size() - 1)).allMatch(Document::continues);
    assertThat(parts.stream().map(Document::name).distinct()).hasSize(parts.size());
  }

  @Test
  void textWithoutWordsIsStillCutBetweenCharacters() throws IOException {
    String text = "é".repeat(1_300_001);
    Path file = Files.writeString(folder.resolve("letters.txt"), text);
    assertThat(joined(read(file))).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gz", "zst"})
  void compressedFilesAreUnpacked(String kind) throws IOException {
    String text = "some text\n".repeat(300_000);
    Path file = folder.resolve("text.txt." + kind);
    Files.write(file, packed(kind, text.getBytes(StandardCharsets.UTF_8)));
    assertThat(joined(read(file))).isEqualTo(text);
    Path lines = folder.resolve("lines.jsonl." + kind);
    Files.write(
        lines,
        packed(kind, "{\"text\": \"a\"}\n{\"text\": \"b\"}".getBytes(StandardCharsets.UTF_8)));
    assertThat(read(lines)).extracting(Document::text).containsExactly("a", "b");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gz", "zst"})
  @Timeout(60)
  void damagedCompressionIsMalformed(String kind) throws IOException {
    byte[] random = new byte[50_000];
    Random letters = new Random(3);
    for (int i = 0; i < random.length; i++) {
      random[i] = (byte) ('a' + letters.nextInt(26));
    }
    byte[] good = packed(kind, random);
    Path file = folder.resolve("text.txt." + kind);
    Files.write(file, Arrays.copyOf(good, good.length / 2));
    assertThatThrownBy(() -> read(file)).isInstanceOf(MalformedFileException.class);
    Files.writeString(file, "not compressed at all");
    assertThatThrownBy(() -> read(file)).isInstanceOf(MalformedFileException.class);
  }

  @Test
  void zipIsReadInTheOrderOfNamesWithoutBinaries() throws IOException {
    Path file = folder.resolve("texts.zip");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (String name : List.of("b/two.txt", "a/one.txt", "c/image.png", "d/empty.txt")) {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(
            switch (name) {
              case "c/image.png" -> new byte[] {1, 0, 2};
              case "d/empty.txt" -> new byte[0];
              default -> ("text of " + name).getBytes(StandardCharsets.UTF_8);
            });
      }
    }
    assertThat(read(file)).extracting(Document::name).containsExactly("a/one.txt", "b/two.txt");
    byte[] good = Files.readAllBytes(file);
    Random random = new Random(8);
    for (int round = 0; round < 100; round++) {
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 + random.nextInt(255));
      Files.write(file, round % 3 == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : bad);
      try {
        assertThat(read(file).size()).isLessThanOrEqualTo(3);
      } catch (MalformedFileException e) {
        assertThat(e.field()).isNotEmpty();
      }
    }
  }

  @Test
  void folderIsReadInTheOrderOfPathsWithoutHiddenAndBinaryFiles() throws IOException {
    Files.createDirectories(folder.resolve("b"));
    Files.createDirectories(folder.resolve(".git"));
    Files.writeString(folder.resolve("b/two.txt"), "two");
    Files.writeString(folder.resolve("a.java"), "one");
    Files.writeString(
        folder.resolve("c.jsonl"), "{\"text\": \"three\"}\n\n{\"content\": \"four\"}\n");
    Files.writeString(folder.resolve(".hidden"), "no");
    Files.writeString(folder.resolve(".git/x"), "no");
    Files.write(folder.resolve("d.bin"), new byte[] {0, 1, 2});
    Corpus corpus = Corpus.open(folder);
    List<Document> documents = read(corpus.documents());
    assertThat(documents).extracting(Document::text).containsExactly("one", "two", "three", "four");
    assertThat(documents)
        .extracting(Document::name)
        .containsExactly("a.java", "b/two.txt", "c.jsonl:1", "c.jsonl:3");
    assertThat(corpus.isSingleText()).isFalse();
  }

  @Test
  void textIsRepairedToUtf8() throws IOException {
    byte[] bytes = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf, 'a', (byte) 0xff, 'b'};
    Path file = folder.resolve("broken.txt");
    Files.write(file, bytes);
    assertThat(joined(read(file))).isEqualTo("a\ufffdb");
  }

  @Test
  void holdOutByPathDoesNotDependOnTheOtherDocuments() throws IOException {
    for (int i = 0; i < 200; i++) {
      Files.writeString(folder.resolve("file" + i + ".txt"), "text " + i);
    }
    Corpus corpus = Corpus.open(folder);
    Split split = corpus.split(0.2);
    List<String> heldOut =
        read(corpus.documents(split, Split.Part.HELD_OUT)).stream().map(Document::name).toList();
    List<String> training =
        read(corpus.documents(split, Split.Part.TRAINING)).stream().map(Document::name).toList();
    assertThat(heldOut.size()).isBetween(20, 60);
    assertThat(heldOut.size() + training.size()).isEqualTo(200);
    assertThat(training).doesNotContainAnyElementsOf(heldOut);
    for (int i = 0; i < 200; i += 2) {
      Files.delete(folder.resolve("file" + i + ".txt"));
    }
    Corpus half = Corpus.open(folder);
    assertThat(read(half.documents(split, Split.Part.HELD_OUT)))
        .extracting(Document::name)
        .isSubsetOf(heldOut);
    int sampled = read(half.documents().sampled(0.5)).size();
    assertThat(sampled).isBetween(30, 70);
  }

  @Test
  void tailOfATextIsHeldOutByCharacters() throws IOException {
    Path file = Files.writeString(folder.resolve("text.txt"), "é".repeat(7) + "xyz");
    Corpus corpus = Corpus.open(file);
    Split split = corpus.split(0.3);
    assertThat(split).isEqualTo(new Split.Tail(0.3));
    assertThat(joined(read(corpus.documents(split, Split.Part.TRAINING)))).isEqualTo("ééééééé");
    assertThat(joined(read(corpus.documents(split, Split.Part.HELD_OUT)))).isEqualTo("xyz");
    assertThat(joined(read(corpus.documents(split, Split.Part.ALL)))).isEqualTo("éééééééxyz");
  }

  @Test
  void shakespeareIsSplitAsNanoGptSplitsIt() throws IOException {
    Path file =
        Path.of(
            System.getProperty("lungo.testdata", "../../shared/data"),
            "corpora/tinyshakespeare.txt");
    Assumptions.assumeTrue(Files.exists(file), "test data is missing: " + file);
    Corpus corpus = Corpus.open(file);
    String training = joined(read(corpus.documents(corpus.split(0.1), Split.Part.TRAINING)));
    String heldOut = joined(read(corpus.documents(corpus.split(0.1), Split.Part.HELD_OUT)));
    assertThat(training.length()).isEqualTo(1_003_854);
    assertThat(heldOut.length()).isEqualTo(111_540);
  }

  @Test
  void tailOfManyDocumentsIsRefused() throws IOException {
    Files.writeString(folder.resolve("a.txt"), "a");
    Corpus corpus = Corpus.open(folder);
    assertThatThrownBy(() -> corpus.documents(new Split.Tail(0.1), Split.Part.TRAINING))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("single text");
    assertThatThrownBy(() -> corpus.split(1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void missingSourceCodeSaysWhatToDo() {
    assertThatThrownBy(() -> Corpus.ofJdkSources(folder))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("--corpus");
  }

  @Test
  void sourceCodeOfThisJdkIsJava() throws IOException {
    Path file = Path.of(System.getProperty("java.home"), "lib", "src.zip");
    Assumptions.assumeTrue(Files.exists(file), "this JDK comes without " + file);
    try (DocumentStream documents = Corpus.ofJdkSources().documents()) {
      Document first = documents.next().orElseThrow();
      assertThat(first.name()).startsWith("java.base/").endsWith(".java");
      assertThat(first.text()).contains("package ");
    }
  }

  @Test
  void unreadableCorporaAreOneClearError() throws IOException {
    assertThatThrownBy(() -> Corpus.open(folder.resolve("none")))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("no corpus");
    Path binary = Files.write(folder.resolve("binary.txt"), new byte[] {1, 0, 1});
    assertThatThrownBy(() -> read(binary))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("zero bytes");
    for (String line :
        List.of("{\"text\": 3}", "{\"text\"", "[]", "{\"text\": \"a\", \"text\": \"b\"}")) {
      Path lines =
          Files.writeString(folder.resolve("bad.jsonl"), "{\"text\": \"a\"}\n" + line + "\n");
      assertThatThrownBy(() -> read(lines))
          .isInstanceOf(MalformedFileException.class)
          .hasMessageContaining("line 2");
    }
    Path table = Files.writeString(folder.resolve("bad.parquet"), "PAR1 but no table PAR1");
    assertThatThrownBy(() -> read(table)).isInstanceOf(MalformedFileException.class);
  }

  /// Columns id and text (four rows, the third null), packed with Snappy; written by
  /// hyparquet-writer.
  private static byte[] table() {
    return Base64.getDecoder()
        .decode(
            "UEFSMRUGFSQVKFwVCBUAFQgVABUEFQAAAAMPEDwBAAAAAgAAAAMAAAAEAAAAFQYV2gMVdlwVCBUCFQgVABUE"
                + "FQAAAAML6wGwCwAAAGVyc3RlciBUZXh0DAAAAGdyw7bDn2Ug8J+YicgAAAB0ZXh0IHRleHQg/goA/goA9goA"
                + "FQQZPEgEcm9vdBUEABUCJQIYAmlkABUMJQIYBHRleHQlAAAWCBkcGSwmCBwVAhkVABkYAmlkFQIWCBZOFlIm"
                + "CDw2ACgEBAAAABgEAQAAAAAZHBUGFQAVAgAAACZaHBUMGRUAGRgEdGV4dBUCFggWhgQWogEmWjw2AigQdGV4"
                + "dCB0ZXh0IHRleHQgdRgLZXJzdGVyIFRleHQSABkcFQYVABUCAAAAFtQEFgg29AEAKAloeXBhcnF1ZXQZLBwA"
                + "ABwAAADCAAAAUEFSMQ==");
  }

  @Test
  void textColumnOfATableIsRead() throws IOException {
    Path file = Files.write(folder.resolve("table.parquet"), table());
    List<Document> documents = read(file);
    assertThat(documents)
        .extracting(Document::name)
        .containsExactly("table.parquet:1", "table.parquet:2", "table.parquet:4");
    assertThat(documents)
        .extracting(Document::text)
        .containsExactly("erster Text", "größe 😉", "text ".repeat(40));
  }

  @Test
  @Timeout(120)
  void damagedTableIsMalformed() throws IOException {
    byte[] good = table();
    Random random = new Random(12);
    int refused = 0;
    for (int round = 0; round < 300; round++) {
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 + random.nextInt(255));
      Path file = folder.resolve("table.parquet");
      Files.write(file, round % 3 == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : bad);
      try {
        read(file);
      } catch (MalformedFileException e) {
        refused++;
        assertThat(e.field()).isNotEmpty();
      }
    }
    assertThat(refused).isGreaterThan(100);
  }
}
