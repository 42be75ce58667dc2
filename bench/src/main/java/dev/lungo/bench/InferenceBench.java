package dev.lungo.bench;

import dev.lungo.bench.Rounds.Measurement;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.tensor.DType;
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

/// Reading a prompt, and generating one token after the other, against llama.cpp at its best number
/// of threads.
@Command(name = "inference", description = "Prompts and generation, against llama.cpp.")
final class InferenceBench implements Callable<Integer> {
  private static final int PROMPT_BEFORE_DECODING = 32;

  @Mixin private BenchOptions options = new BenchOptions();

  @Parameters(
      paramLabel = "MODEL",
      arity = "0..*",
      description =
          "GGUF files (default: random ones of 143 M and 1.1 B parameters, made on first use).")
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
      if (!Files.isRegularFile(model)) {
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
    return files;
  }

  private void measure(Report report, Kernels kernels, Path model) throws Exception {
    int longest = prompts.stream().mapToInt(Integer::intValue).max().orElse(0);
    int context = Math.max(longest, PROMPT_BEFORE_DECODING + generated) + 8;
    String name = String.valueOf(model.getFileName());
    List<LlamaCpp> peers = new ArrayList<>();
    try (LungoInference ours = new LungoInference(kernels, model, context)) {
      warmUp(ours);
      // The more threads the better holds on no machine for all peers: each number is tried.
      for (int count = 1;
          options.peers() && count <= Runtime.getRuntime().availableProcessors();
          count *= 2) {
        LlamaCpp peer = LlamaCpp.start(options::log);
        peers.add(peer);
        peer.load(model, count, context, LlamaCpp.CacheType.F16);
      }
      List<Measurement> decoding = new ArrayList<>();
      decoding.add(() -> ours.generationRate(PROMPT_BEFORE_DECODING, generated));
      for (LlamaCpp peer : peers) {
        decoding.add(() -> peer.rates(PROMPT_BEFORE_DECODING, generated).generation());
      }
      report.add(row(name + " decode", decoding));
      for (int prompt : prompts) {
        List<Measurement> reading = new ArrayList<>();
        reading.add(() -> ours.promptRate(prompt));
        for (LlamaCpp peer : peers) {
          reading.add(() -> peer.rates(prompt, 1).prompt());
        }
        report.add(row(name + " prompt " + prompt, reading));
      }
    } finally {
      for (LlamaCpp peer : peers) {
        peer.close();
      }
    }
  }

  /// Runs our side until the compiler is done with it; theirs was compiled long ago.
  private void warmUp(LungoInference ours) {
    long end = System.nanoTime() + (options.quick() ? 3_000_000_000L : 8_000_000_000L);
    do {
      ours.generationRate(PROMPT_BEFORE_DECODING, generated);
      for (int prompt : prompts) {
        ours.promptRate(prompt);
      }
    } while (System.nanoTime() < end);
  }

  private Row row(String name, List<Measurement> contestants) throws Exception {
    double[] medians = Rounds.medians(options.rounds(), contestants);
    if (medians.length == 1) {
      return Row.alone(name, threads, "tokens/s", medians[0]);
    }
    int best = 1;
    for (int i = 2; i < medians.length; i++) {
      best = medians[i] > medians[best] ? i : best;
    }
    String peer = LlamaCpp.NAME + ", threads: " + (1 << (best - 1));
    return Row.ofRates(name, threads, "tokens/s", medians[0], peer, medians[best]);
  }
}
