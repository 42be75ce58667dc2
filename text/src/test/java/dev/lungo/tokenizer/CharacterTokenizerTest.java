package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CharacterTokenizerTest {
  @TempDir Path folder;

  @Test
  void idsFollowTheCodePoints() {
    CharacterTokenizer tokenizer = CharacterTokenizer.of("hello 😉\n");
    assertThat(tokenizer.vocabularySize()).isEqualTo(7);
    assertThat(tokenizer.encode("\n eho")).containsExactly(0, 1, 2, 3, 5);
    assertThat(tokenizer.decode(tokenizer.encode("hello 😉"))).isEqualTo("hello 😉");
  }

  @Test
  void savedTokenizerIsTheSameTokenizer() throws IOException {
    CharacterTokenizer tokenizer = CharacterTokenizer.of("a\"\\\n\té😉");
    Path file = folder.resolve("tokenizer.json");
    tokenizer.save(file);
    Tokenizer loaded = TokenizerFiles.load(file);
    assertThat(loaded).isInstanceOf(CharacterTokenizer.class);
    assertThat(loaded.fingerprint()).isEqualTo(tokenizer.fingerprint());
    assertThat(loaded.encode("é😉\"")).isEqualTo(tokenizer.encode("é😉\""));
  }

  @Test
  void unknownCharacterIsNamed() {
    assertThatThrownBy(() -> CharacterTokenizer.of("abc").encode("abx"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("U+0078")
        .hasMessageContaining("at 2");
  }

  @Test
  void shakespeareHasSixtyFiveCharacters() throws IOException {
    String text = Files.readString(TestData.file("corpora/tinyshakespeare.txt"));
    assertThat(CharacterTokenizer.of(text).vocabularySize()).isEqualTo(65);
  }
}
