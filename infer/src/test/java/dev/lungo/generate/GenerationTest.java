package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.generate.TextGeneration.Finish;
import dev.lungo.generate.TextGeneration.Result;
import dev.lungo.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Every way to generate, on a trained model whose greedy text its publisher recorded.
class GenerationTest {
  private static final int TOKENS = 199;
  private static final String PROMPT =
      "Once upon a time, there was a little girl named Lily. She loved to play outside in the";

  private static TextGeneration model;
  private static TextGeneration fromGguf;
  private static JsonNode golden;
  private static String story;

  @TempDir Path folder;

  @BeforeAll
  static void open() throws IOException {
    Path stories = TestData.file("models/stories260K");
    golden =
        JsonMapper.builder().build().readTree(Files.readString(stories.resolve("golden.json")));
    model = TextGeneration.open(stories, 2);
    fromGguf = TextGeneration.open(stories.resolve("stories260K.gguf"), 1);
    JsonNode ids = golden.get("greedy_ids_200");
    int[] all = new int[ids.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = ids.get(i).intValue();
    }
    // The first is the token that begins texts.
    story = model.tokenizer().decode(Arrays.copyOfRange(all, 1, TOKENS + 1));
  }

  @AfterAll
  static void close() {
    if (model != null) {
      model.close();
      fromGguf.close();
    }
  }

  private static Generation greedy() {
    return model.generate("").tokens(TOKENS).greedy();
  }

  @Test
  void theRecordedStoryComesOutInPiecesAndWhole() {
    StringBuilder pieces = new StringBuilder();
    Result result = greedy().run(pieces::append);
    assertThat(result.text()).startsWith("Once upon a time, there was a little girl named Lily.");
    assertThat(result.text()).isEqualTo(story).isEqualTo(pieces.toString());
    assertThat(result.tokens()).isEqualTo(TOKENS);
    assertThat(result.finish()).isEqualTo(Finish.LENGTH);
    try (Stream<String> stream = greedy().stream()) {
      assertThat(String.join("", stream.toList())).isEqualTo(story);
    }
  }

  @Test
  void aStreamRunsOnlyAsFarAsItIsRead() {
    List<String> read = new ArrayList<>();
    try (Stream<String> stream = greedy().stream()) {
      Iterator<String> pieces = stream.iterator();
      for (int i = 0; i < 5; i++) {
        read.add(pieces.next());
      }
    }
    assertThat(story).startsWith(String.join("", read));
    assertThat(greedy().stream().limit(3).toList()).isEqualTo(read.subList(0, 3));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT16", "Q8_0"})
  void roundedKeysAndValuesTellTheSameStory(DType type) {
    // Q8_0 may differ once two tokens are nearly equally likely.
    int same = type == DType.FLOAT16 ? story.length() : 200;
    assertThat(greedy().cacheType(type).text()).startsWith(story.substring(0, same));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 11})
  void aDraftChangesNothingAtTemperatureZero(int atOnce) {
    Result result = greedy().draft(fromGguf, atOnce).run(piece -> {});
    assertThat(result.text()).isEqualTo(story);
    assertThat(result.drafts().orElseThrow().acceptanceRate()).isGreaterThan(0.9);
    assertThat(result.tokens()).isEqualTo(TOKENS);
  }

  @Test
  void oneBeamTellsTheStoryAndMoreFindAMoreProbableOne() {
    BeamResult one = greedy().beams(1, 0).getFirst();
    assertThat(one.text()).isEqualTo(story);
    assertThat(one.tokens()).isEqualTo(TOKENS);
    List<BeamResult> four = model.generate("").tokens(40).beams(4, 0);
    assertThat(four.getFirst().logProb())
        .isGreaterThan(model.generate("").tokens(40).beams(1, 0).getFirst().logProb());
    assertThat(four).isSortedAccordingTo((a, b) -> Double.compare(b.score(), a.score()));
  }

  @Test
  void samplesAreTheRunsOfTheirSeeds() {
    Generation wanted =
        model
            .generate("Zoo")
            .tokens(60)
            .sampling(new Sampler.Settings(1.2f, 0, 0.95f, 0, 1.1f, 32, 0))
            .stops(List.of("girl", "happy"))
            .seed(5);
    List<Result> samples = wanted.samples(14);
    assertThat(samples).hasSize(14);
    for (int i = 0; i < samples.size(); i++) {
      Result alone = wanted.seed(5 + i).run(piece -> {});
      assertThat(samples.get(i).text()).as("sample %d", i).isEqualTo(alone.text());
      assertThat(samples.get(i).tokens()).isEqualTo(alone.tokens());
      assertThat(samples.get(i).finish()).isEqualTo(alone.finish());
    }
    assertThat(samples.stream().map(Result::text).distinct().count()).isEqualTo(14);
    assertThat(samples.stream().map(Result::finish).distinct().count()).isGreaterThan(1);
  }

  @Test
  void greedySamplesTellTheStoryThrice() {
    assertThat(greedy().samples(3)).extracting(Result::text).containsOnly(story);
  }

  @Test
  void aFullContextEndsRunsAndSamplesAlike() {
    Generation wanted = model.generate("Zoo").tokens(5000).seed(3);
    Result alone = wanted.run(piece -> {});
    Result sample = wanted.samples(2).getFirst();
    assertThat(sample.text()).isEqualTo(alone.text());
    assertThat(sample.finish()).isEqualTo(alone.finish());
    assertThat(sample.tokens()).isEqualTo(alone.tokens());
  }

  @Test
  void thePromptCacheChangesNoBit() throws IOException {
    Path file = folder.resolve("prompt.cache");
    List<String> messages = new ArrayList<>();
    Generation plain = model.generate(PROMPT).tokens(50).seed(1).logProbs(0);
    Generation cached =
        model.generate(PROMPT).tokens(50).seed(1).logProbs(0).promptCache(file, messages::add);
    Result expected = plain.run(piece -> {});
    Result first = cached.run(piece -> {});
    byte[] written = Files.readAllBytes(file);
    Result second = cached.run(piece -> {});
    assertThat(first.cachedTokens()).contains(0);
    int prompt = expected.promptTokens();
    assertThat(second.cachedTokens()).contains(prompt - 13);
    assertThat(first.text()).isEqualTo(expected.text());
    assertThat(second.text()).isEqualTo(expected.text());
    // Equal to the last bit.
    assertThat(second.logProbs()).isEqualTo(expected.logProbs());
    assertThat(Files.readAllBytes(file)).isEqualTo(written);
    assertThat(messages).isEmpty();
  }

  @Test
  void aLongerPromptGoesOnFromTheCache() {
    Path file = folder.resolve("prompt.cache");
    List<String> messages = new ArrayList<>();
    model.generate(PROMPT).tokens(1).promptCache(file, messages::add).text();
    String longer = PROMPT + " park. She saw a big dog and wanted to play with it in the park.";
    Generation wanted = model.generate(longer).tokens(40).seed(2).logProbs(2);
    Result expected = wanted.run(piece -> {});
    Result cached = wanted.promptCache(file, messages::add).run(piece -> {});
    assertThat(cached.cachedTokens().orElseThrow()).isGreaterThan(20);
    assertThat(cached.logProbs()).isEqualTo(expected.logProbs());
    // The file has the longer prompt now, and samples and beams use it as well.
    assertThat(wanted.samples(2).getFirst().cachedTokens().orElseThrow())
        .isEqualTo(expected.promptTokens() - 13);
    assertThat(messages).isEmpty();
  }

  @Test
  void logProbsAreTheModelsOwn() {
    Result result = greedy().tokens(40).logProbs(5).run(piece -> {});
    List<TokenLogProbs> tokens = result.logProbs().orElseThrow();
    assertThat(tokens).hasSize(40);
    for (int i = 0; i < 40; i++) {
      JsonNode top = golden.get("top5_by_pos").get(i);
      TokenLogProbs token = tokens.get(i);
      assertThat(token.id()).isEqualTo(golden.get("greedy_ids_200").get(i + 1).intValue());
      assertThat(token.top()).hasSize(5);
      assertThat(token.top().getFirst().id()).isEqualTo(token.id());
      assertThat(token.top().getFirst().logProb()).isEqualTo(token.logProb());
      for (int k = 0; k < 5; k++) {
        // Differences of log-probabilities are those of the recorded logits.
        double difference = top.get(k).get(1).doubleValue() - top.get(0).get(1).doubleValue();
        assertThat(token.top().get(k).logProb() - token.logProb())
            .isCloseTo(difference, within(2e-4));
      }
    }
    StringBuilder text = new StringBuilder();
    tokens.forEach(token -> text.append(token.token()));
    assertThat(text.toString().strip()).isEqualTo(result.text().strip());
    double[] sum = {0};
    model
        .generate("")
        .tokens(1)
        .greedy()
        .logProbs(512)
        .run(piece -> {})
        .logProbs()
        .orElseThrow()
        .getFirst()
        .top()
        .forEach(alternative -> sum[0] += Math.exp(alternative.logProb()));
    assertThat(sum[0]).isCloseTo(1, within(1e-9));
  }

  @Test
  void samplesAndDraftsTakeLogProbsDownToo() {
    Generation wanted = model.generate("Zoo").tokens(30).greedy().logProbs(1);
    List<TokenLogProbs> expected = wanted.run(piece -> {}).logProbs().orElseThrow();
    assertThat(wanted.samples(2).getLast().logProbs()).contains(expected);
    assertThat(wanted.draft(fromGguf, 3).run(piece -> {}).logProbs()).contains(expected);
  }

  @Test
  void aTextsScoreIsWhatItsTokensHadWhenTheyWereChosen() {
    Result generated = greedy().tokens(60).logProbs(0).run(piece -> {});
    TextScore score = model.score(generated.text(), 2);
    assertThat(score.tokens()).isEqualTo(60);
    double sum = 0;
    for (TokenLogProbs token : generated.logProbs().orElseThrow()) {
      sum += token.logProb();
    }
    assertThat(score.logProb()).isCloseTo(sum, within(1e-4));
    assertThat(score.perplexity()).isCloseTo(Math.exp(-sum / 60), within(1e-5));
    assertThat(score.bitsPerByte())
        .isCloseTo(-sum / Math.log(2) / generated.text().length(), within(1e-6));
    assertThat(score.logProbs().getFirst().top()).hasSize(2);
    String shuffled = "park the in outside play to loved She";
    assertThat(model.score(shuffled, 0).bitsPerByte()).isGreaterThan(2 * score.bitsPerByte());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.score("", 0))
        .withMessageContaining("cannot be scored");
  }

  @Test
  void embeddingsPoolTheStates() {
    float[] mean = model.embed(PROMPT, TextEmbedding.Pooling.MEAN, true);
    float[] last = model.embed(PROMPT, TextEmbedding.Pooling.LAST, false);
    assertThat(mean).hasSize(64);
    assertThat(length(mean)).isCloseTo(1, within(1e-6));
    // The last state is what the logits come from.
    assertThat(length(last)).isGreaterThan(2);
    assertThat(cosine(last, model.embed(PROMPT, TextEmbedding.Pooling.LAST, true)))
        .isCloseTo(1, within(1e-6));
    float[] close = model.embed(PROMPT.replace("Lily", "Sue"), TextEmbedding.Pooling.MEAN, true);
    float[] far = model.embed("\"No!\" shouted Tom.", TextEmbedding.Pooling.MEAN, true);
    assertThat(cosine(mean, close)).isGreaterThan(cosine(mean, far) + 0.05);
    float[] one = model.embed("", TextEmbedding.Pooling.MEAN, false);
    assertThat(one).isEqualTo(model.embed("", TextEmbedding.Pooling.LAST, false));
  }

  private static double length(float[] vector) {
    double squares = 0;
    for (float value : vector) {
      squares += value * value;
    }
    return Math.sqrt(squares);
  }

  private static double cosine(float[] a, float[] b) {
    double product = 0;
    for (int i = 0; i < a.length; i++) {
      product += a[i] * b[i];
    }
    return product / length(a) / length(b);
  }

  @Test
  void cacheBytesAreLayersTimesHeadsTimesNumbers() {
    assertThat(model.cacheBytesPerToken(DType.FLOAT16)).isEqualTo(2 * 5 * 4 * 8 * 2);
  }

  @Test
  void nonsenseIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate("x").tokens(0))
        .withMessageContaining("at least 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate("x").samples(0))
        .withMessageContaining("samples must be at least 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate("x").logProbs(513).text())
        .withMessageContaining("between 0 and the vocabulary's 512, but are 513");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate("x").draft(fromGguf, 12).text())
        .withMessageContaining("not 12");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate("x").beams(0, 0))
        .withMessageContaining("beams must be");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate("x").draft(fromGguf, 2).beams(2, 0))
        .withMessageContaining("no draft model");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.generate("x ".repeat(600)).text())
        .withMessageContaining("the model's context is 512");
  }
}
