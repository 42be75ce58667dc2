package dev.lungo.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lungo.corpus.Corpus;
import dev.lungo.corpus.CorpusTokenizer;
import dev.lungo.corpus.DocumentStream;
import dev.lungo.corpus.Progress;
import dev.lungo.corpus.TokenShard;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.tokenizer.BpeTrainer;
import dev.lungo.tokenizer.Splitter;
import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

  @FunctionalInterface
  private interface Check {
    void of(Passkeys passkeys, Tokenizer tokenizer);
  }

  private void withPasskeys(Check check) throws IOException {
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
      check.of(new Passkeys(shard, tokenizer), tokenizer);
    }
  }

  @Test
  void factsAreHiddenBeforeTheyAreAskedForAndTheAnswersAreThoseValues() throws IOException {
    withPasskeys((passkeys, tokenizer) -> {
      for (int seed = 0; seed < 20; seed++) {
        check(passkeys.hide(400, 4, new RandomNumbers(seed)), tokenizer);
      }
      assertThatIllegalArgumentException()
          .isThrownBy(() -> passkeys.hide(60, 4, new RandomNumbers(1)))
          .withMessageContaining("too few");
    });
  }

  @Test
  void everySecondWindowOfTrainingRepeatsItselfAndTheOthersTellFacts() throws IOException {
    withPasskeys((passkeys, tokenizer) -> {
      try (Workspace memory = new Workspace("windows")) {
        Tensor ids = memory.allocate(Shape.of(4, 399), DType.INT32);
        Tensor targets = memory.allocate(Shape.of(4, 399), DType.INT32);
        passkeys.training(4, 7).fill(3, ids, targets);
        for (int row = 0; row < 4; row++) {
          int[] window = row(ids, row);
          assertThat(row(targets, row)).startsWith(Arrays.copyOfRange(window, 1, 399));
          boolean facts = tokenizer.decode(window).contains("\n// key ");
          assertThat(facts).isEqualTo(row % 2 == 0);
          assertThat(period(window) < 200).isEqualTo(row % 2 == 1);
        }
      }
    });
  }

  private static int[] row(Tensor tensor, int row) {
    int width = tensor.shape().width();
    int[] values = new int[width];
    MemorySegment.copy(tensor.data(), ValueLayout.JAVA_INT, 4L * row * width, values, 0, width);
    return values;
  }

  /// Returns after how many tokens a window begins again.
  private static int period(int[] window) {
    int period = 1;
    while (!Arrays.equals(window, 0, window.length - period, window, period, window.length)) {
      period++;
    }
    return period;
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
