package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ParallelEncoderTest {
  private static final List<String> TEXTS = BpeTrainerTest.texts(600, 12);
  private static final BytePairTokenizer TRAINED =
      new BpeTrainer(BpeTrainer.Settings.ofSize(600, 1)).train(TEXTS.subList(0, 50));

  @Test
  void idsAreThoseOfOneThread() {
    String text =
        String.join("<|endoftext|>", TEXTS)
            + "k".repeat(700_000)
            + " \n\n  "
            + String.join("", TEXTS);
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    assertThat(utf8.length).isGreaterThan(1_500_000);
    for (SpecialMode mode : SpecialMode.values()) {
      int[] expected = TRAINED.encode(text, mode);
      for (int threads : new int[] {1, 2, 3}) {
        assertThat(ParallelEncoder.encode(TRAINED, utf8, mode, threads).toArray())
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void tokenizersThatCannotBeCutEncodeWhole() {
    CharacterTokenizer characters = CharacterTokenizer.of("ab \n");
    byte[] utf8 = "ab \n".repeat(100_000).getBytes(StandardCharsets.UTF_8);
    assertThat(ParallelEncoder.encode(characters, utf8, SpecialMode.TEXT, 2).size())
        .isEqualTo(utf8.length);
  }
}
