package dev.lungo.examples;

import dev.lungo.generate.TextEmbedding.Pooling;
import dev.lungo.generate.TextGeneration;
import dev.lungo.generate.TextGeneration.Result;
import dev.lungo.generate.TokenLogProbs;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

/// Opens a model once and asks it in several ways: a stream of text, several texts together, the
/// most probable text, each token's probability, how probable a text is, one vector for a text.
public final class WaysToGenerate {
  private static final int TOKENS = 20;

  private WaysToGenerate() {}

  /// Continues `arguments[1]` with the model `arguments[0]`.
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      throw new IllegalArgumentException("usage: WaysToGenerate MODEL PROMPT");
    }
    try (TextGeneration model = TextGeneration.open(Path.of(arguments[0]))) {
      ask(model, arguments[1], System.out);
    }
  }

  private static void ask(TextGeneration model, String prompt, PrintStream out) {
    out.print("stream:  " + prompt);
    try (Stream<String> pieces = model.generate(prompt).tokens(TOKENS).seed(7).stream()) {
      pieces.forEach(out::print);
    }
    out.println();

    for (Result sample : model.generate(prompt).tokens(TOKENS).seed(1).samples(2)) {
      out.println("sample:  " + prompt + sample.text());
    }

    String best = model.generate(prompt).tokens(TOKENS).beams(4, 0).getFirst().text();
    out.println("beams:   " + prompt + best);

    Result likeliest = model.generate(prompt).tokens(3).greedy().logProbs(2).run(piece -> {});
    for (TokenLogProbs token : likeliest.logProbs().orElseThrow()) {
      out.printf(Locale.ROOT, "token:   '%s' %.3f%n", token.token(), token.logProb());
    }

    out.printf(Locale.ROOT, "score:   %.3f bits per byte%n", model.score(prompt, 0).bitsPerByte());
    out.println("vector:  " + model.embed(prompt, Pooling.MEAN, true).length + " numbers");
  }
}
