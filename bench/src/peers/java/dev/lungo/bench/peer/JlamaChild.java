package dev.lungo.bench.peer;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.model.functions.Generator;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.prompt.PromptContext;
import dev.lungo.bench.Requests;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Jlama as a child process. Requests:
///
/// - `load FOLDER THREADS`: opens a model, activations as 8-bit integers where its kernels can
/// - `rates WORDS GENERATED`: reads a prompt of so many words and generates so many tokens; answers
///   the prompt's tokens, and its and the generation's tokens a second
public final class JlamaChild {
  private @Nullable AbstractModel model;

  private JlamaChild() {}

  public static void main(String[] arguments) throws IOException {
    Requests.serve(new JlamaChild()::answer);
  }

  private String answer(String[] words) throws IOException {
    switch (words[0]) {
      case "load" -> {
        File scratch = Files.createTempDirectory("jlama").toFile();
        scratch.deleteOnExit();
        model =
            ModelSupport.loadModel(
                new File(words[1]),
                scratch,
                DType.F32,
                DType.I8,
                Optional.empty(),
                Optional.of(Integer.parseInt(words[2])));
        return "";
      }
      case "rates" -> {
        return rates(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
      }
      default -> throw new IllegalArgumentException("unknown request " + words[0]);
    }
  }

  private String rates(int words, int generated) {
    StringBuilder prompt = new StringBuilder();
    String[] some = {"the", "of", "and", "to", "in", "for", "on", "with", "as", "by"};
    for (int i = 0; i < words; i++) {
      prompt.append(some[i * 7 % 10 ^ i / 10 % 2]).append(' ');
    }
    Generator.Response response =
        Objects.requireNonNull(model, "ask to load a model first")
            .generate(
                UUID.randomUUID(),
                PromptContext.of(prompt.toString()),
                0,
                // Its limit counts the prompt, too.
                2 * words + generated,
                (piece, seconds) -> {});
    return response.promptTokens
        + " "
        + 1e3 * response.promptTokens / response.promptTimeMs
        + " "
        + 1e3 * response.generatedTokens / response.generateTimeMs;
  }
}
