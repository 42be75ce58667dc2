package dev.lungo.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PairFileTest {
  private static final String LINES =
      "Go.\tVa !\tCC-BY 2.0\nno translation\n\nRun!\tCours !\r\n\tCours !\nHello\tSalut";

  @TempDir private Path folder;
  private final List<String> warnings = new ArrayList<>();

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }

  private PairFile read(Path file) throws IOException {
    return PairFile.read(file, false, warnings::add);
  }

  @Test
  void linesWithTwoSidesArePairsAndOthersAreNamedAndCounted() throws IOException {
    PairFile read = read(write("pairs.tsv", LINES.getBytes(StandardCharsets.UTF_8)));
    assertThat(read.pairs())
        .containsExactly(
            new TextPair("Go.", "Va !"),
            new TextPair("Run!", "Cours !"),
            new TextPair("Hello", "Salut"));
    assertThat(read.lines()).isEqualTo(6);
    assertThat(read.skipped()).isEqualTo(3);
    assertThat(warnings).hasSize(3);
    assertThat(warnings.get(0)).contains("line 2").contains("one side only");
    assertThat(warnings.get(1)).contains("line 3").contains("empty");
    assertThat(warnings.get(2)).contains("line 5");
  }

  @Test
  void strictReadingFailsAtTheFirstLineThatIsNoPair() throws IOException {
    Path file = write("pairs.tsv", LINES.getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> PairFile.read(file, true, warnings::add))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("line 2")
        .hasMessageContaining("one side only");
  }

  @Test
  void packedFilesGiveTheSamePairs() throws IOException {
    byte[] lines = LINES.getBytes(StandardCharsets.UTF_8);
    Path gz = folder.resolve("pairs.tsv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gz))) {
      out.write(lines);
    }
    Path zip = folder.resolve("pairs.zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      for (String name : List.of("a/_about.txt", "a/fra.txt", "a/image.png")) {
        out.putNextEntry(new ZipEntry(name));
        out.write(lines);
      }
    }
    assertThat(read(gz).pairs()).hasSize(3);
    assertThat(read(zip).pairs()).hasSize(3);
    assertThat(warnings).anyMatch(warning -> warning.contains("a/fra.txt, line 2"));
  }

  @Test
  void filesWithoutAPairAreRefused() throws IOException {
    Path file = write("none.tsv", "just text\n".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> read(file))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("a text, a tab and its translation");
    Path broken = write("broken.zip", "no zip".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> read(broken)).isInstanceOf(MalformedFileException.class);
    Path bytes = write("bytes.tsv", new byte[] {'a', '\t', (byte) 0xff, '\n'});
    assertThatThrownBy(() -> read(bytes)).isInstanceOf(MalformedFileException.class);
    assertThat(warnings).anyMatch(warning -> warning.contains("is no UTF-8"));
    Path endless = write("endless.tsv", new byte[(1 << 20) + 2]);
    assertThatThrownBy(() -> read(endless))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("longer than");
  }

  @Test
  void translationsOfOneSourceStayOnOneSide() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 400; i++) {
      lines.append("source ").append(i % 200).append("\ttarget ").append(i).append('\n');
    }
    PairFile.Parts parts =
        read(write("pairs.tsv", lines.toString().getBytes(StandardCharsets.UTF_8))).split(0.2);
    List<String> held = parts.heldOut().stream().map(TextPair::source).toList();
    assertThat(held).hasSizeBetween(20, 60).doesNotHaveDuplicates();
    assertThat(parts.training()).extracting(TextPair::source).doesNotContainAnyElementsOf(held);
    assertThat(parts.training()).hasSize(400 - 2 * held.size());
  }
}
