package dev.lungo.examples;

import dev.lungo.generate.Generator;
import dev.lungo.generate.Sampler;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.optim.AdamW;
import dev.lungo.optim.Schedule;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tokenizer.CharacterTokenizer;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.train.BatchSource;
import dev.lungo.train.TrainingStep;
import dev.lungo.weights.ModelFolder;
import dev.lungo.weights.SpecialTokenIds;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// Trains a small Llama to add one, character by character, from a text built in memory, and asks
/// it for sums that the text does not hold.
public final class TrainTiny {
  private static final int NUMBERS = 1000;
  private static final int CONTEXT = 32;
  private static final int BATCH = 16;
  private static final int STEPS = 600;
  private static final long SEED = 1;

  private final Kernels kernels;
  private final Tokenizer tokenizer;
  private final int[] text;

  private TrainTiny(Kernels kernels) {
    this.kernels = kernels;
    String sums = sums();
    tokenizer = CharacterTokenizer.of(sums);
    text = tokenizer.encode(sums);
  }

  /// Trains, asks, and saves the model in the folder `arguments[0]`.
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 1) {
      throw new IllegalArgumentException("usage: TrainTiny FOLDER");
    }
    train(Path.of(arguments[0]), STEPS, System.out);
  }

  /// Trains for `steps` steps.
  ///
  /// @return the loss of the last step, in nats per character
  static double train(Path folder, int steps, PrintStream out) throws IOException {
    LlamaConfig config =
        new LlamaConfig(
            CharacterTokenizer.of(sums()).vocabularySize(),
            64,
            2,
            4,
            2,
            16,
            160,
            CONTEXT,
            1e-5f,
            10_000,
            false);
    try (Kernels kernels = KernelChoice.open(Runtime.getRuntime().availableProcessors());
        LanguageModel model = LanguageModel.create(config, true)) {
      model.parameters().initialize(new RandomNumbers(SEED));
      out.printf(
          Locale.ROOT, "%,d parameters, %s%n", model.parameters().count(), kernels.description());
      TrainTiny tiny = new TrainTiny(kernels);
      double loss = tiny.learn(model, steps, out);
      tiny.ask(model, out);
      ModelFolder.save(folder, model, SpecialTokenIds.NONE);
      tiny.tokenizer.save(folder.resolve("tokenizer.json"));
      return loss;
    }
  }

  /// Returns whether a sum is kept out of the text, to be asked for afterwards.
  private static boolean isHeldOut(int number) {
    return number % 7 == 3;
  }

  private static String sums() {
    StringBuilder text = new StringBuilder();
    for (int number = 0; number < NUMBERS; number++) {
      if (!isHeldOut(number)) {
        text.append(number).append(" + 1 = ").append(number + 1).append('\n');
      }
    }
    return text.toString();
  }

  private double learn(LanguageModel model, int steps, PrintStream out) {
    AdamW.Settings settings = new AdamW.Settings(0.003, 0.9, 0.95, 1e-10, 0.01);
    Schedule schedule = new Schedule(steps / 20, steps / 2, steps, 0, Schedule.Decay.LINEAR);
    double loss = Double.NaN;
    try (AdamW optimizer = new AdamW(kernels).add(model.parameters().all(), settings);
        TrainingStep training =
            new TrainingStep(kernels, model, List.of(optimizer), BATCH, CONTEXT, 1, 1)) {
      BatchSource batches = randomWindows();
      for (int step = 1; step <= steps; step++) {
        loss = training.run(step, batches, schedule.factor(step)).loss();
        if (step == 1 || step % 100 == 0) {
          out.printf(Locale.ROOT, "step %3d  loss %.4f%n", step, loss);
        }
      }
    }
    return loss;
  }

  /// The batch number decides its windows, so that the same run always sees the same text.
  private BatchSource randomWindows() {
    return (index, ids, targets) -> {
      RandomNumbers random = new RandomNumbers(RandomNumbers.mix(SEED + index));
      for (int row = 0; row < BATCH; row++) {
        int from = random.nextInt(text.length - CONTEXT);
        ids.setRow(row, text, from);
        targets.setRow(row, text, from + 1);
      }
    };
  }

  private void ask(LanguageModel model, PrintStream out) {
    int asked = 0;
    int right = 0;
    for (int number = 0; number < NUMBERS; number++) {
      if (isHeldOut(number)) {
        // Training windows begin anywhere: without the line end, "3 + 1 = " may be the rest of a
        // longer sum.
        String answer = answer(model, "\n" + number + " + 1 = ");
        boolean isRight = answer.equals(String.valueOf(number + 1));
        if (asked % 24 == 0) {
          out.println(number + " + 1 = " + answer + (isRight ? "" : "   (wrong)"));
        }
        asked++;
        right += isRight ? 1 : 0;
      }
    }
    out.println(right + " of " + asked + " sums that were not in the text are right");
  }

  private String answer(LanguageModel model, String question) {
    StringBuilder answer = new StringBuilder();
    try (Generator generator = new Generator(kernels, model, CONTEXT)) {
      Sampler sampler = new Sampler(Sampler.Settings.GREEDY, model.config().vocabulary());
      int id = sampler.next(generator.feed(tokenizer.encode(question)).data());
      while (!tokenizer.decode(id).equals("\n") && generator.position() < CONTEXT) {
        answer.append(tokenizer.decode(id));
        id = sampler.next(generator.feed(id).data());
      }
    }
    return answer.toString();
  }
}
