package dev.lungo.bench;

import dev.lungo.optim.Schedule.Decay;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.TrainingSettings;
import dev.lungo.train.TrainingSettings.OptimizerChoice;
import java.util.Optional;
import picocli.CommandLine.Option;

/// The settings of our recipe, by the names and with the defaults of `./lungo train`.
final class RecipeOptions {
  @Option(names = "--architecture", description = "llama or gpt2 (default: llama).")
  private Architecture architecture = Architecture.LLAMA;

  @Option(names = "--depth", paramLabel = "N", description = "Our layers (default: 3).")
  private int depth = 3;

  @Option(names = "--width", paramLabel = "N", description = "Our width (default: 64 a layer).")
  private int width;

  @Option(names = "--heads", paramLabel = "N", description = "Our heads (default: width / 64).")
  private int heads;

  @Option(names = "--kv-heads", paramLabel = "N", description = "Our key/value heads.")
  private int kvHeads;

  @Option(names = "--context", paramLabel = "N", description = "Our positions (default: 256).")
  private int context = 256;

  @Option(names = "--batch", paramLabel = "N", description = "Our sequences (default: 8).")
  private int batch = 8;

  @Option(names = "--micro-batches", paramLabel = "N", description = "Ours in a step (default: 1).")
  private int microBatches = 1;

  @Option(names = "--optimizer", description = "muon or adamw (default: muon).")
  private OptimizerChoice optimizer = OptimizerChoice.MUON;

  @Option(names = "--rate", paramLabel = "R", description = "Our learning rate.")
  private Optional<Double> rate = Optional.empty();

  @Option(names = "--weight-decay", paramLabel = "D", description = "Ours (default: 0.01).")
  private double weightDecay = 0.01;

  @Option(names = "--warmup", paramLabel = "N", description = "Our warm-up steps (default: 20).")
  private long warmup = 20;

  @Option(names = "--decay-share", paramLabel = "S", description = "Ours (default: 0.5).")
  private double decayShare = 0.5;

  @Option(names = "--decay", description = "linear or cosine (default: linear).")
  private Decay decay = Decay.LINEAR;

  @Option(names = "--clip", paramLabel = "N", description = "Ours (default: 1).")
  private double clip = 1;

  TrainingSettings settings(
      double minutes, int vocabulary, int threads, long seed, long evaluationTokens) {
    return new TrainingSettings(
        "",
        "bpe",
        vocabulary,
        architecture,
        depth,
        width,
        heads,
        kvHeads,
        context,
        batch,
        microBatches,
        minutes,
        0,
        0,
        optimizer,
        rate.orElse(optimizer == OptimizerChoice.MUON ? 0.02 : 0.001),
        weightDecay,
        warmup,
        decayShare,
        decay,
        clip,
        seed,
        threads,
        0,
        evaluationTokens,
        "public static");
  }
}
