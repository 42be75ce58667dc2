package dev.lungo.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import dev.lungo.tune.LabeledTexts.Item;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabeledTextsTest {
  @TempDir private Path folder;

  private LabeledTexts read(String name, String content) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, content);
    return LabeledTexts.read(file, "text", "label");
  }

  @Test
  void quotedCellsMayHoldCommasQuotesAndLines() throws IOException {
    LabeledTexts texts =
        read("a.csv", "\uFEFFid,text,label\r\n1,\"a, \"\"b\"\"\nc\",x\r\n2,d,y\r\n");
    assertThat(texts.all())
        .containsExactly(new Item("line 2", "a, \"b\"\nc", "x"), new Item("line 4", "d", "y"));
  }

  @Test
  void tabsSeparateCellsOfTsv() throws IOException {
    assertThat(read("a.tsv", "text\tlabel\na, b\tx\n").all())
        .containsExactly(new Item("line 2", "a, b", "x"));
  }

  @Test
  void linesOfJsonMayHaveLabelsThatAreNumbers() throws IOException {
    LabeledTexts texts =
        read("a.jsonl", "{\"text\":\"a\",\"label\":1}\n\n{\"label\":true,\"text\":\"b\"}\n");
    assertThat(texts.all())
        .containsExactly(new Item("line 1", "a", "1"), new Item("line 3", "b", "true"));
  }

  @Test
  void emptyTextsAreNamedAndLeftOut() throws IOException {
    LabeledTexts texts = read("a.csv", "text,label\na,x\n,y\n \t,x\n");
    assertThat(texts.all()).hasSize(1);
    assertThat(texts.empty()).containsExactly("line 3", "line 4");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a.csv   | text,label;a,x;b,y,z        | line 3 | 3 columns",
        "a.csv   | text,label;a,x;b            | line 3 | 1 columns",
        "a.csv   | text,label;\"a,x;b,y        | line 2 | quote",
        "a.csv   | text,label;a,               | line 2 | no label",
        "a.csv   | texts,label;a,x             | line 1 | --text-field",
        "a.jsonl | {\"text\":\"a\",\"label\":\"x\"};{\"text\":\"b\"} | line 2 | --label-field",
        "a.jsonl | {\"text\":\"a\",\"label\":\"x\"};{\"text\":\"b\"  | line 2 | end-of-input",
        "a.jsonl | [1]                         | line 1 | no text",
        "a.jsonl | {\"text\":\"a\",\"text\":\"b\",\"label\":\"x\"} | line 1 | Duplicate",
      })
  void malformedLinesAreNamed(String name, String content, String line, String reason) {
    assertThatThrownBy(() -> read(name.strip(), content.strip().replace(';', '\n')))
        .isInstanceOfSatisfying(
            MalformedFileException.class, refused -> assertThat(refused.field()).isEqualTo(line))
        .hasMessageContaining(reason);
  }

  @Test
  void bytesThatAreNoUtf8AreRefused() throws IOException {
    Path file = folder.resolve("a.csv");
    Files.write(file, "text,label\ncaf\u00e9,x\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> LabeledTexts.read(file, "text", "label"))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("UTF-8");
  }

  @Test
  void otherFormatsAreRefused() {
    assertThatThrownBy(() -> read("a.xlsx", "?")).hasMessageContainingAll(".csv", ".jsonl");
  }
}
