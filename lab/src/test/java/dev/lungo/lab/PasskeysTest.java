package dev.lungo.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lungo.corpus.Corpus;
import dev.lungo.corpus.CorpusTokenizer;
import dev.lungo.corpus.DocumentStream;
import dev.lungo.corpus.Progress;
import dev.lungo.corpus.TokenShard;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tokenizer.BpeTrainer;
import dev.lungo.tokenizer.Splitter;
import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PasskeysTest {
  @TempDir Path folder;

  @Test
  void factsAreHiddenBeforeTheyAreAskedForAndTheAnswersAreThoseValues() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 4000; i++) {
      text.append(' ').append((char) ('a' + i % 26)).append("ab".repeat(1 + i % 3));
    }
    byte[] utf8 = text.toString().getBytes(StandardCharsets.UTF_8);
    List<byte[]> once = new ArrayList<>(List.of(utf8));
    Tokenizer tokenizer =
        new BpeTrainer(BpeTrainer.Settings.ofSize(400, Splitter.named("gpt4"), 1))
            .train(() -> once.isEmpty() ? Optional.empty() : Optional.of(once.removeFirst()));
    Path file = folder.resolve("text.tokens");
    Corpus corpus = Corpus.open(Files.write(folder.resolve("text.txt"), utf8));
    try (DocumentStream documents = corpus.documents()) {
      new CorpusTokenizer(tokenizer, 1).write(documents, file, utf8.length, Progress.NONE);
    }
    try (TokenShard shard = TokenShard.open(file)) {
      Passkeys passkeys = new Passkeys(shard, tokenizer);
      for (int seed = 0; seed < 20; seed++) {
        Passkeys.Hidden hidden = passkeys.hide(400, 4, new RandomNumbers(seed));
        check(hidden, tokenizer);
      }
      assertThatIllegalArgumentException()
          .isThrownBy(() -> passkeys.hide(60, 4, new RandomNumbers(1)))
          .withMessageContaining("too few");
    }
  }

  private static void check(Passkeys.Hidden hidden, Tokenizer tokenizer) {
    Pattern fact = Pattern.compile("\n// key( [a-z]+)( [a-z]+)\n");
    String told = tokenizer.decode(Arrays.copyOf(hidden.ids(), hidden.asked()));
    List<String> values = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (Matcher match = fact.matcher(told); match.find(); ) {
      names.add(match.group(1));
      values.add(match.group(2));
    }
    assertThat(values).hasSize(4).doesNotHaveDuplicates();
    for (int i = 0; i < 4; i++) {
      int at = hidden.answers()[i];
      assertThat(at).isGreaterThan(hidden.asked());
      assertThat(tokenizer.decode(new int[] {hidden.ids()[at]})).isEqualTo(values.get(i));
      assertThat(tokenizer.decode(new int[] {hidden.ids()[at - 1]})).isEqualTo(names.get(i));
    }
  }
}
