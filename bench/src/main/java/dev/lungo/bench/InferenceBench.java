package dev.lungo.bench;

import dev.lungo.bench.Rounds.Measurement;
import dev.lungo.export.ModelExport;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.tensor.DType;
import dev.lungo.weights.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Reading a prompt, and generating one token after the other: GGUF files against llama.cpp, folders
/// of safetensors against Jlama, both at their best number of threads.
@Command(
    name = "inference",
    description = "Prompts and generation, against llama.cpp and Jlama.")
final class InferenceBench implements Callable<Integer> {
  private static final int PROMPT_BEFORE_DECODING = 32;

  @Mixin private BenchOptions options = new BenchOptions();

  @Parameters(
      paramLabel = "MODEL",
      arity = "0..*",
      description =
          "GGUF files, or folders in Hugging Face layout (default: random ones of 143 M and 1.1 B parameters, made on first use).")
  private List<Path> models = List.of();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Our threads (default: one a processor).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--prompts",
      paramLabel = "N",
      split = ",",
      description = "Lengths of prompts (default: 256,1024).")
  private List<Integer> prompts = List.of(256, 1024);

  @Option(
      names = "--generate",
      paramLabel = "N",
      description = "Tokens to generate in one measurement (default: 64).")
  private int generated = 64;

  @Override
  public Integer call() throws Exception {
    for (Path model : models) {
      if (!Files.exists(model)) {
        throw new IllegalArgumentException("there is no model " + model);
      }
    }
    List<Path> measured = models.isEmpty() ? syntheticModels() : models;
    try (Kernels kernels = KernelChoice.open(threads)) {
      Report report =
          new Report("inference", Machine.here(kernels.description()), options, System.out);
      for (Path model : measured) {
        measure(report, kernels, model);
      }
      report.finish();
    }
    return 0;
  }

  private List<Path> syntheticModels() throws IOException {
    Path folder = TestData.repository().resolve(".lungo/models");
    List<Path> files = new ArrayList<>();
    for (SyntheticModel model :
        List.of(
            SyntheticModel.small(DType.Q8_0),
            SyntheticModel.small(DType.Q4_0),
            SyntheticModel.small(DType.Q4_K),
            SyntheticModel.large(DType.Q8_0),
            SyntheticModel.large(DType.Q4_0))) {
      files.add(model.in(folder));
    }
    files.add(asFolder(files.getFirst(), folder.resolve("143m-bf16")));
    return files;
  }

  /// Finds a model as a folder in 16 bits, or exports it.
  private static Path asFolder(Path file, Path folder) throws IOException {
    if (!Files.exists(weights(folder))) {
      int threads = Runtime.getRuntime().availableProcessors();
      ModelExport.run(
          new ModelExport.Settings(
              file, ModelExport.Format.SAFETENSORS, WeightType.BF16, folder, true, threads),
          (tensor, number, count) -> {});
    }
    return folder;
  }

  private void measure(Report report, Kernels kernels, Path model) throws Exception {
    int longest = prompts.stream().mapToInt(Integer::intValue).max().orElse(0);
    int context = Math.max(longest, PROMPT_BEFORE_DECODING + generated) + 8;
    String name = String.valueOf(model.getFileName());
    List<InferencePeer> peers = new ArrayList<>();
    try (LungoInference ours = new LungoInference(kernels, model, context);
        ReadTest reading = new ReadTest(weights(model), threads)) {
      warmUp(ours, reading);
      // The more threads the better holds on no machine for all peers: each number is tried.
      for (int count = 1;
          options.peers() && count <= Runtime.getRuntime().availableProcessors();
          count *= 2) {
        peers.add(start(model, count, context));
      }
      List<Measurement> decoding = new ArrayList<>();
      decoding.add(() -> ours.generationRate(PROMPT_BEFORE_DECODING, generated));
      decoding.add(reading::gigabytesPerSecond);
      for (InferencePeer peer : peers) {
        decoding.add(() -> peer.rates(PROMPT_BEFORE_DECODING, generated).generation());
      }
      double[] medians = Rounds.medians(options.rounds(), decoding);
      report.add(row(name + " decode", peers, medians, 2));
      report.add(
          Row.ofRates(
              name + " decode: weights",
              threads,
              "GB/s",
              medians[0] * ours.bytesPerStep() / 1e9,
              "the file's bytes read, nothing computed",
              medians[1]));
      for (int prompt : prompts) {
        List<Measurement> contestants = new ArrayList<>();
        contestants.add(() -> ours.promptRate(prompt));
        for (InferencePeer peer : peers) {
          contestants.add(() -> peer.rates(prompt, 1).prompt());
        }
        medians = Rounds.medians(options.rounds(), contestants);
        report.add(row(name + " prompt " + prompt, peers, medians, 1));
      }
    } finally {
      for (InferencePeer peer : peers) {
        peer.close();
      }
    }
  }

  private static Path weights(Path model) {
    return Files.isDirectory(model) ? model.resolve("model.safetensors") : model;
  }

  private InferencePeer start(Path model, int count, int context) throws IOException {
    if (Files.isDirectory(model)) {
      return Jlama.start(model, count);
    }
    LlamaCpp peer = LlamaCpp.start(options::log);
    try {
      peer.load(model, count, context, LlamaCpp.CacheType.F16);
      return peer;
    } catch (IOException failed) {
      peer.close();
      throw failed;
    }
  }

  /// Runs our side until the compiler is done with it; theirs was compiled long ago.
  private void warmUp(LungoInference ours, ReadTest reading) {
    long end = System.nanoTime() + (options.quick() ? 3_000_000_000L : 8_000_000_000L);
    do {
      reading.gigabytesPerSecond();
      ours.generationRate(PROMPT_BEFORE_DECODING, generated);
      for (int prompt : prompts) {
        ours.promptRate(prompt);
      }
    } while (System.nanoTime() < end);
  }

  /// @param first the place of the first peer among the medians, of which ours is the first
  private Row row(String name, List<InferencePeer> peers, double[] medians, int first) {
    if (peers.isEmpty()) {
      return Row.alone(name, threads, "tokens/s", medians[0]);
    }
    int best = 0;
    for (int i = 1; i < peers.size(); i++) {
      best = medians[first + i] > medians[first + best] ? i : best;
    }
    String peer = peers.get(best).name() + ", threads: " + (1 << best);
    return Row.ofRates(name, threads, "tokens/s", medians[0], peer, medians[first + best]);
  }
}
