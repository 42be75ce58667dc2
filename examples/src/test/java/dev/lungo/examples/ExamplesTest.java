package dev.lungo.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs each example as a user does, with fewer steps of training.
class ExamplesTest {
  @TempDir private static Path folder;
  private static double loss;
  private static String trained = "";

  /// A program's `main`.
  private interface Program {
    void run() throws Exception;
  }

  @BeforeAll
  static void trainTiny() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    loss = TrainTiny.train(folder, 60, new PrintStream(bytes, true, StandardCharsets.UTF_8));
    trained = bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void trainTinyLearns() {
    // Guessing uniformly among the 14 characters costs 2.64 nats.
    assertThat(loss).isLessThan(1.6);
    assertThat(trained)
        .contains("step   1  loss 2.6", " of 143 sums that were not in the text are right");
  }

  @Test
  void lookInsideShowsEmbeddingsAttentionAndNextTokens() throws Exception {
    String shown =
        output(() -> LookInside.main(new String[] {folder.toString(), "542 + 1 = ", "1", "3"}));
    assertThat(shown)
        .contains("embeddings model.embed_tokens (1,10,64)")
        .contains("attention of layer 1, head 3 of 4, q (1,10,4,16), k (1,10,2,16)")
        .contains("  0 '5'          ██")
        .contains("100 % on 0")
        .contains("likeliest next tokens");
  }

  @Test
  void lookInsideRefusesLayersAndHeadsThatAreNotThere() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> output(() -> LookInside.main(new String[] {folder.toString(), "41", "2", "0"})))
        .withMessageContaining("layer 2 does not exist: the model has 2 layers");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> output(() -> LookInside.main(new String[] {folder.toString(), "41", "0", "4"})))
        .withMessageContaining("head 4 does not exist: there are 4");
  }

  @Test
  void generateTextContinuesThePrompt() throws Exception {
    String shown = output(() -> GenerateText.main(new String[] {folder.toString(), "542 + 1 = "}));
    // The context of 32 positions ends the text.
    assertThat(shown)
        .startsWith("542 + 1 = ")
        .contains("tokens after a prompt of 10", "ended by context");
  }

  @Test
  void waysToGenerateShowsEachOfThem() throws Exception {
    String shown =
        output(() -> WaysToGenerate.main(new String[] {folder.toString(), "542 + 1 = "}));
    assertThat(shown.lines().map(line -> line.split(":")[0]))
        .containsSubsequence("stream", "sample", "sample", "beams", "token", "token", "token");
    assertThat(shown)
        .contains("stream:  542 + 1 = ", "score:   ", "vector:  64 numbers")
        .containsPattern("token:   '\\d' -\\d\\.\\d{3}");
  }

  private static String output(Program program) throws Exception {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      program.run();
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
