package dev.lungo.lab;

import dev.lungo.corpus.TokenShard;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.train.BatchSource;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Texts in which small facts are hidden that are asked for at the end (passkey retrieval,
/// Mohtashami and Jaggi 2023, arXiv:2305.16300): lines `// key NAME VALUE` among other text, and
/// the same lines again, of which the model should know the value.
final class Passkeys {
  private static final String MARKER = "\n// key";
  private static final int FEWEST_WORDS = 32;
  private static final int SHORTEST_PERIOD = 8;

  /// How many facts would fit where one is, question included.
  private static final int LOOSELY = 3;

  private final TokenShard shard;
  private final int[] marker;
  private final int[] end;
  private final int[] words;

  /// A text with hidden facts.
  ///
  /// @param ids of the text, the questions and their answers included
  /// @param asked from here on there are only questions
  /// @param answers where the answers stand; answer i is hidden i-th
  /// @param told which tokens belong to facts and not to the text
  record Hidden(int[] ids, int asked, int[] answers, boolean[] told) {}

  /// @param shard that texts are taken from
  Passkeys(TokenShard shard, Tokenizer tokenizer) {
    this.shard = shard;
    marker = tokenizer.encode(MARKER);
    end = tokenizer.encode("\n");
    words = words(tokenizer);
    if (words.length < FEWEST_WORDS) {
      throw new IllegalArgumentException(
          "the tokenizer has "
              + words.length
              + " tokens that are a space and lower-case letters, but keys need "
              + FEWEST_WORDS);
    }
  }

  /// Names and values are tokens of a space and a few letters, so that each is one token.
  private static int[] words(Tokenizer tokenizer) {
    List<Integer> found = new ArrayList<>();
    for (int id = 0; id < tokenizer.vocabularySize(); id++) {
      if (!tokenizer.isSpecial(id)) {
        String text = new String(tokenizer.bytesOf(id), StandardCharsets.UTF_8);
        if (text.matches(" [a-z]{3,}")) {
          found.add(id);
        }
      }
    }
    return found.stream().mapToInt(Integer::intValue).toArray();
  }

  /// Returns how many tokens a fact takes.
  int factLength() {
    return marker.length + 2 + end.length;
  }

  /// Returns windows to train on: texts with facts that are asked for at the end, in turn with
  /// words that repeat.
  BatchSource training(int facts, long seed) {
    return (index, ids, targets) -> {
      int length = ids.shape().width();
      int rows = ids.shape().rows();
      int most = Math.clamp(length / (LOOSELY * factLength()), 1, facts);
      for (int row = 0; row < rows; row++) {
        RandomNumbers random =
            new RandomNumbers(RandomNumbers.mix(seed ^ (index * rows + row + 1)));
        int[] window =
            row % 2 == 0 ? hide(length + 1, most, random).ids : repeated(length + 1, random);
        ids.setRow(row, window, 0);
        targets.setRow(row, window, 1);
      }
    };
  }

  /// Makes a text of words by chance that begins again after some, and again. All but the first of
  /// them can only be known by finding the same word earlier and looking at what came next, which
  /// is what it takes to find a fact (induction heads, Olsson et al. 2022, arXiv:2209.11895); facts
  /// alone ask for too few tokens to learn it from.
  private int[] repeated(int length, RandomNumbers random) {
    int period = SHORTEST_PERIOD + random.nextInt(length / 2 - SHORTEST_PERIOD);
    int[] ids = new int[length];
    for (int i = 0; i < length; i++) {
      ids[i] = i < period ? words[random.nextInt(words.length)] : ids[i - period];
    }
    return ids;
  }

  /// Makes a text of `length` tokens with facts at about even distances, asked for at its end.
  Hidden hide(int length, int facts, RandomNumbers random) {
    int asked = length - facts * factLength();
    int stretch = asked / facts;
    if (stretch < (LOOSELY - 1) * factLength()) {
      throw new IllegalArgumentException(
          length + " tokens are too few to hide " + facts + " facts in");
    }
    int[] ids = new int[length];
    long from = (long) (random.nextDouble() * Math.max(1, shard.size() - length));
    if (shard.size() < length) {
      throw new IllegalArgumentException(
          "the text has " + shard.size() + " tokens, but " + length + " are needed");
    }
    shard.copy(from, ids, 0, length);
    boolean[] told = new boolean[length];
    Arrays.fill(told, asked, length, true);
    int[] chosen = choose(2 * facts, random);
    for (int fact = 0; fact < facts; fact++) {
      int at = fact * stretch + random.nextInt(stretch - factLength());
      write(ids, at, chosen[2 * fact], chosen[2 * fact + 1]);
      Arrays.fill(told, at, at + factLength(), true);
    }
    // Asked for in another order than they were told in.
    int[] order = choose(facts, facts, random);
    int[] answers = new int[facts];
    for (int i = 0; i < facts; i++) {
      int at = asked + i * factLength();
      write(ids, at, chosen[2 * order[i]], chosen[2 * order[i] + 1]);
      answers[order[i]] = at + marker.length + 1;
    }
    return new Hidden(ids, asked, answers, told);
  }

  private void write(int[] ids, int at, int name, int value) {
    System.arraycopy(marker, 0, ids, at, marker.length);
    ids[at + marker.length] = name;
    ids[at + marker.length + 1] = value;
    System.arraycopy(end, 0, ids, at + marker.length + 2, end.length);
  }

  /// Chooses different words.
  private int[] choose(int count, RandomNumbers random) {
    int[] numbers = choose(count, words.length, random);
    for (int i = 0; i < count; i++) {
      numbers[i] = words[numbers[i]];
    }
    return numbers;
  }

  private static int[] choose(int count, int among, RandomNumbers random) {
    int[] all = new int[among];
    for (int i = 0; i < among; i++) {
      all[i] = i;
    }
    for (int i = 0; i < count; i++) {
      int other = i + random.nextInt(among - i);
      int swapped = all[i];
      all[i] = all[other];
      all[other] = swapped;
    }
    return Arrays.copyOf(all, count);
  }
}
