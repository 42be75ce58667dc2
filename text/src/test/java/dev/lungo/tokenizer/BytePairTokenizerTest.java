package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BytePairTokenizerTest {
  @TempDir Path folder;

  private static final BytePairTokenizer TRAINED =
      new BpeTrainer(BpeTrainer.Settings.ofSize(700, 1)).train(BpeTrainerTest.texts(200, 4));

  /// The algorithm as it reads: of all pairs the best-ranked, the leftmost of equals.
  private static int[] encodePlainly(BytePairDefinition definition, byte[] piece) {
    List<Integer> ids = new ArrayList<>();
    for (byte b : piece) {
      ids.add(b & 0xff);
    }
    int[] merges = definition.merges();
    while (true) {
      int best = merges.length;
      int at = -1;
      for (int i = 0; i + 1 < ids.size(); i++) {
        for (int m = 0; m < best; m += 3) {
          if (merges[m] == ids.get(i) && merges[m + 1] == ids.get(i + 1)) {
            best = m;
            at = i;
          }
        }
      }
      if (at < 0) {
        return ids.stream().mapToInt(Integer::intValue).toArray();
      }
      ids.set(at, merges[best + 2]);
      ids.remove(at + 1);
    }
  }

  @Test
  void shortAndLongPiecesAreMergedAlike() {
    Random random = new Random(21);
    BytePairDefinition definition = TRAINED.definition();
    BytePairTokenizer onePiece = withSplitter(definition, new RegexSplitter("[\\s\\S]+"));
    for (int round = 0; round < 120; round++) {
      StringBuilder text = new StringBuilder();
      int length = 1 + random.nextInt(200);
      while (text.length() < length) {
        text.append("katmuril éu".charAt(random.nextInt(11)));
      }
      byte[] utf8 = text.toString().getBytes(StandardCharsets.UTF_8);
      assertThat(onePiece.encode(text.toString())).isEqualTo(encodePlainly(definition, utf8));
    }
  }

  private static BytePairTokenizer withSplitter(BytePairDefinition definition, Splitter splitter) {
    return new BytePairTokenizer(
        BytePairDefinition.ofMerges(
            definition.tokens(),
            definition.merges(),
            splitter,
            definition.added(),
            definition.frame()));
  }

  @Test
  void mergesWhoseRanksFallAreDoneInTheOrderOfRanks() {
    // "bc" is learned last but needs nothing: in a long piece, joining "ab" must not overtake
    // better pairs that arise.
    List<byte[]> tokens = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      tokens.add(new byte[] {(byte) b});
    }
    tokens.add("ab".getBytes(StandardCharsets.UTF_8));
    tokens.add("abc".getBytes(StandardCharsets.UTF_8));
    tokens.add("cd".getBytes(StandardCharsets.UTF_8));
    tokens.add("dabc".getBytes(StandardCharsets.UTF_8));
    int[] merges = {'d', 257, 259, 256, 'c', 257, 'a', 'b', 256, 'c', 'd', 258};
    BytePairDefinition definition =
        BytePairDefinition.ofMerges(
            tokens,
            merges,
            new RegexSplitter("[\\s\\S]+"),
            List.of(),
            BytePairDefinition.Frame.none());
    BytePairTokenizer tokenizer = new BytePairTokenizer(definition);
    Random random = new Random(3);
    for (int round = 0; round < 300; round++) {
      StringBuilder text = new StringBuilder();
      for (int n = 1 + random.nextInt(150); n > 0; n--) {
        text.append("abcd".charAt(random.nextInt(4)));
      }
      byte[] utf8 = text.toString().getBytes(StandardCharsets.UTF_8);
      assertThat(tokenizer.encode(text.toString()))
          .as(text.toString())
          .isEqualTo(encodePlainly(definition, utf8));
    }
  }

  @Test
  void anyBytesComeBack() {
    Random random = new Random(22);
    for (int round = 0; round < 2_000; round++) {
      byte[] bytes = new byte[random.nextInt(300)];
      random.nextBytes(bytes);
      TokenBuffer ids = new TokenBuffer();
      TRAINED.encode(bytes, 0, bytes.length, SpecialMode.TEXT, ids);
      assertThat(TRAINED.decodeBytes(ids.array(), 0, ids.size())).isEqualTo(bytes);
    }
  }

  @Test
  void partOfAnArrayIsEncodedAsThatPart() {
    byte[] text = "xx katu mile 99 yy".getBytes(StandardCharsets.UTF_8);
    TokenBuffer ids = new TokenBuffer(1);
    TRAINED.encode(text, 3, text.length - 3, SpecialMode.TEXT, ids);
    assertThat(ids.toArray()).isEqualTo(TRAINED.encode("katu mile 99"));
  }

  @Test
  void specialTokensAreFoundOnlyWhenAskedFor() {
    String text = "katu<|endoftext|>mile";
    int end = TRAINED.endOfText().getAsInt();
    assertThat(TRAINED.encode(text, SpecialMode.TEXT)).doesNotContain(end);
    assertThat(TRAINED.encode(text, SpecialMode.PARSE)).containsOnlyOnce(end);
    assertThat(TRAINED.decode(TRAINED.encode(text, SpecialMode.PARSE))).isEqualTo(text);
    assertThat(TRAINED.byteCounts()[end]).isZero();
  }

  @Test
  void addedTokensTakeTheLongestAndTheirSpaces() {
    BytePairDefinition base = TRAINED.definition();
    int size = base.tokens().size();
    List<AddedToken> added =
        List.of(
            AddedToken.special(size, "<a>"),
            AddedToken.special(size + 1, "<a><b>"),
            new AddedToken(size + 2, "<mask>", true, false, true, true, false),
            new AddedToken(size + 3, "<tool>", false, false, false, false, false),
            new AddedToken(size + 4, "end", true, true, false, false, false));
    BytePairDefinition.Frame frame =
        new BytePairDefinition.Frame(
            new int[] {size}, new int[] {size + 1}, OptionalInt.of(size), OptionalInt.empty());
    BytePairTokenizer tokenizer =
        new BytePairTokenizer(
            BytePairDefinition.ofMerges(
                base.tokens(), base.merges(), base.splitter(), added, frame));
    assertThat(tokenizer.encode("<a><b><a>", SpecialMode.PARSE)).containsExactly(size + 1, size);
    assertThat(tokenizer.encode("<a>", SpecialMode.FRAME)).containsExactly(size, size, size + 1);
    assertThat(tokenizer.encode("!  <mask> \n!", SpecialMode.PARSE))
        .containsExactly('!', size + 2, '!');
    assertThat(tokenizer.encode("<tool>", SpecialMode.TEXT)).containsExactly(size + 3);
    assertThat(tokenizer.encode("bend end", SpecialMode.PARSE))
        .endsWith(size + 4)
        .containsOnlyOnce(size + 4);
    assertThat(tokenizer.beginOfText()).hasValue(size);
  }

  @Test
  void textIsNormalisedFirstWhereTheTokenizerSaysSo() {
    BytePairDefinition base = TRAINED.definition();
    BytePairTokenizer composing =
        new BytePairTokenizer(
            new BytePairDefinition(
                base.tokens(),
                base.merges(),
                false,
                false,
                base.splitter(),
                Optional.of(Normalizer.Form.NFC),
                false,
                base.added(),
                base.frame()));
    assertThat(composing.encode("te\u0301le\u0301")).isEqualTo(TRAINED.encode("télé"));
    byte[] invalid = {'a', (byte) 0xff, 'e', (byte) 0xcc, (byte) 0x81};
    TokenBuffer ids = new TokenBuffer();
    composing.encode(invalid, 0, invalid.length, SpecialMode.TEXT, ids);
    assertThat(composing.decodeBytes(ids.array(), 0, ids.size())).isEqualTo(invalid);
  }

  @Test
  void savedTokenizerIsTheSameTokenizer() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    TRAINED.save(file);
    Tokenizer loaded = TokenizerFiles.load(folder);
    assertThat(loaded.fingerprint()).isEqualTo(TRAINED.fingerprint());
    assertThat(loaded.endOfText()).isEqualTo(TRAINED.endOfText());
    for (String text : BpeTrainerTest.texts(3, 99)) {
      assertThat(loaded.encode(text)).isEqualTo(TRAINED.encode(text));
    }
  }

  @Test
  void tiktokenVocabularySavedAsJsonGivesTheSameIds() throws IOException {
    Tokenizer tokenizer =
        TokenizerFiles.load(TestData.file("tokenizers/tiktoken/cl100k_base.tiktoken"));
    Path file = folder.resolve("cl100k.json");
    tokenizer.save(file);
    Tokenizer loaded = TokenizerFiles.load(file);
    for (String language : List.of("eng", "deu_1996", "jpn", "tam")) {
      String text =
          Files.readString(TestData.file("tokenizers/golden/udhr-txt/" + language + ".txt"));
      assertThat(loaded.encode(text)).as(language).isEqualTo(tokenizer.encode(text));
    }
    assertThat(loaded.idOf("<|endoftext|>")).hasValue(100257);
  }

  @Test
  void manyThreadsShareOneTokenizer() {
    List<String> texts = BpeTrainerTest.texts(64, 31);
    List<int[]> alone = texts.stream().map(TRAINED::encode).toList();
    List<int[]> together = texts.parallelStream().map(TRAINED::encode).toList();
    for (int i = 0; i < texts.size(); i++) {
      assertThat(together.get(i)).isEqualTo(alone.get(i));
    }
  }

  @Test
  void contradictionsAreRefused() {
    assertThatThrownBy(() -> TRAINED.bytesOf(700))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("700");
    assertThatThrownBy(() -> new BytePairTokenizer(withTokens(List.of())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("empty");
  }

  @Test
  void bytesWithoutATokenAreLeftOut() {
    List<byte[]> tokens = new ArrayList<>(TRAINED.definition().tokens().subList(0, 256));
    tokens.set('q', new byte[0]);
    BytePairTokenizer tokenizer = new BytePairTokenizer(withTokens(tokens));
    for (int round = 0; round < 2; round++) {
      assertThat(tokenizer.encode("q")).isEmpty();
      assertThat(tokenizer.encode("aqb q")).containsExactly('a', 'b', ' ');
      assertThat(tokenizer.encode("x" + "q".repeat(500) + "y")).containsExactly('x', 'y');
    }
  }

  private static BytePairDefinition withTokens(List<byte[]> tokens) {
    return BytePairDefinition.ofMerges(
        tokens, new int[0], new Gpt2Splitter(), List.of(), BytePairDefinition.Frame.none());
  }

  @Test
  void streamingGivesWholeCharactersAndLosesNothing() {
    Random random = new Random(23);
    for (int round = 0; round < 500; round++) {
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      byte[] text =
          round % 2 == 0
              ? bytes
              : "aé中😉".repeat(1 + random.nextInt(3)).getBytes(StandardCharsets.UTF_8);
      StreamingDecoder decoder = TRAINED.streamingDecoder();
      StringBuilder streamed = new StringBuilder();
      for (byte b : text) {
        String part = decoder.accept(b & 0xff);
        if (round % 2 == 1) {
          assertThat(part).doesNotContain("\ufffd");
        }
        streamed.append(part);
      }
      streamed.append(decoder.finish());
      assertThat(streamed.toString()).isEqualTo(new String(text, StandardCharsets.UTF_8));
    }
    StreamingDecoder decoder = TRAINED.streamingDecoder();
    assertThat(decoder.accept(TRAINED.endOfText().getAsInt())).isEmpty();
    assertThat(new StreamingDecoder(TRAINED, true).accept(TRAINED.endOfText().getAsInt()))
        .isEqualTo("<|endoftext|>");
  }
}
