package dev.lungo.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import dev.lungo.tokenizer.BpeTrainer;
import dev.lungo.tokenizer.BytePairTokenizer;
import dev.lungo.tokenizer.CharacterTokenizer;
import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CorpusTokenizerTest {
  @TempDir Path folder;

  private Corpus manyFiles() throws IOException {
    Path root = folder.resolve("texts");
    Random random = new Random(5);
    for (int i = 0; i < 300; i++) {
      StringBuilder text = new StringBuilder();
      for (int word = 0; word < 2_000; word++) {
        text.append("word").append(random.nextInt(500)).append(word % 12 == 11 ? ";\n" : " ");
      }
      Path file = root.resolve("p" + i % 7).resolve("File" + i + ".txt");
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
    }
    return Corpus.open(root);
  }

  private static BytePairTokenizer tokenizer(Corpus corpus) throws IOException {
    try (DocumentStream documents = corpus.documents()) {
      return new BpeTrainer(BpeTrainer.Settings.ofSize(400, 2))
          .train(() -> documents.next().map(Document::utf8));
    }
  }

  private Path write(Corpus corpus, Tokenizer tokenizer, Split.Part part, int threads)
      throws IOException {
    Path file = folder.resolve(part + "-" + threads + ".tokens");
    List<Long> done = new ArrayList<>();
    try (DocumentStream documents = corpus.documents(corpus.split(0.1), part)) {
      new CorpusTokenizer(tokenizer, threads)
          .write(documents, file, corpus.totalBytes(), (bytes, total) -> done.add(bytes));
    }
    assertThat(done).isSorted().endsWith(corpus.totalBytes());
    return file;
  }

  @Test
  void shardIsTheSameForAnyNumberOfThreads() throws IOException {
    Corpus corpus = manyFiles();
    Tokenizer tokenizer = tokenizer(corpus);
    byte[] one = Files.readAllBytes(write(corpus, tokenizer, Split.Part.ALL, 1));
    assertThat(Files.readAllBytes(write(corpus, tokenizer, Split.Part.ALL, 3))).isEqualTo(one);
  }

  @Test
  void shardHoldsTheDocumentsWithTheirEnds() throws IOException {
    Corpus corpus = manyFiles();
    Tokenizer tokenizer = tokenizer(corpus);
    try (TokenShard shard = TokenShard.open(write(corpus, tokenizer, Split.Part.ALL, 2))) {
      shard.verify();
      assertThat(shard.documents()).isEqualTo(300);
      assertThat(shard.textBytes()).isEqualTo(corpus.totalBytes());
      assertThat(shard.tokenizerFingerprint()).isEqualTo(tokenizer.fingerprint());
      int[] ids = new int[(int) shard.size()];
      shard.copy(0, ids, 0, ids.length);
      int[] bytes = tokenizer.byteCounts();
      long sum = 0;
      int ends = 0;
      for (int id : ids) {
        sum += bytes[id];
        ends += id == tokenizer.endOfText().getAsInt() ? 1 : 0;
      }
      assertThat(sum).isEqualTo(shard.textBytes());
      assertThat(ends).isEqualTo(300);
      String first = Files.readString(folder.resolve("texts/p0/File0.txt"));
      assertThat(tokenizer.decode(ids)).startsWith(first + "<|endoftext|>");
      assertThat(shard.get(5)).isEqualTo(ids[5]);
    }
  }

  @Test
  void partsOfASplitAreDisjointAndComplete() throws IOException {
    Corpus corpus = manyFiles();
    Tokenizer tokenizer = tokenizer(corpus);
    try (TokenShard training = TokenShard.open(write(corpus, tokenizer, Split.Part.TRAINING, 2));
        TokenShard heldOut = TokenShard.open(write(corpus, tokenizer, Split.Part.HELD_OUT, 2))) {
      assertThat(training.documents() + heldOut.documents()).isEqualTo(300);
      assertThat(heldOut.documents()).isBetween(10L, 60L);
    }
  }

  @Test
  void largeSingleTextIsEncodedAsAWhole() throws IOException {
    Path file = folder.resolve("large.txt");
    StringBuilder text = new StringBuilder();
    Random random = new Random(9);
    while (text.length() < 3_500_000) {
      text.append("größe ")
          .append(random.nextInt(1000))
          .append(random.nextInt(9) == 0 ? "\n\n    " : " x");
    }
    Files.writeString(file, text);
    Corpus corpus = Corpus.open(file);
    Tokenizer tokenizer = tokenizer(corpus);
    Path shardFile = folder.resolve("large.tokens");
    try (DocumentStream documents = corpus.documents()) {
      new CorpusTokenizer(tokenizer, 2)
          .write(documents, shardFile, corpus.totalBytes(), Progress.NONE);
    }
    try (TokenShard shard = TokenShard.open(shardFile)) {
      int[] expected = tokenizer.encode(text.toString());
      int[] ids = new int[(int) shard.size() - 1];
      shard.copy(0, ids, 0, ids.length);
      assertThat(ids).isEqualTo(expected);
      assertThat(shard.get(shard.size() - 1)).isEqualTo(tokenizer.endOfText().getAsInt());
      assertThat(shard.documents()).isEqualTo(1);
    }
  }

  @Test
  void emptyCorpusLeavesNoShard() throws IOException {
    Path empty = Files.createDirectories(folder.resolve("empty"));
    Path shard = folder.resolve("none.tokens");
    try (DocumentStream documents = Corpus.open(empty).documents()) {
      CorpusTokenizer corpusTokenizer = new CorpusTokenizer(CharacterTokenizer.of("ab"), 1);
      assertThatThrownBy(() -> corpusTokenizer.write(documents, shard, 0, Progress.NONE))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("no text");
    }
    assertThat(shard).doesNotExist();
    assertThat(folder).isDirectoryNotContaining("glob:**.part");
  }

  @Test
  void damagedShardIsRefused() throws IOException {
    Path text = folder.resolve("text.txt");
    Files.writeString(text, "abcabcabcabc".repeat(100));
    Path file = folder.resolve("text.tokens");
    Corpus corpus = Corpus.open(text);
    try (DocumentStream documents = corpus.documents()) {
      new CorpusTokenizer(CharacterTokenizer.of("abc"), 1)
          .write(documents, file, corpus.totalBytes(), Progress.NONE);
    }
    byte[] good = Files.readAllBytes(file);
    Random random = new Random(11);
    for (int round = 0; round < 200; round++) {
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, round % 4 == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : bad);
      assertThatThrownBy(
              () -> {
                try (TokenShard shard = TokenShard.open(file)) {
                  shard.verify();
                }
              })
          .isInstanceOf(MalformedFileException.class);
    }
    assertThat(new String(good, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("LUNGOTOK");
  }
}
