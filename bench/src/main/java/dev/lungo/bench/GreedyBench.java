package dev.lungo.bench;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The likeliest ids after a prompt, against llama.cpp with keys and values in float32. Nothing is
/// timed: a row holds how many ids are the same before the first that differs.
///
/// Of files in float32 all have to be the same. Of quantised ones llama.cpp rounds activations to
/// eight bits, so that two nearly equal logits may change places.
@Command(name = "greedy", description = "Greedily chosen ids, against llama.cpp.")
final class GreedyBench implements Callable<Integer> {
  private static final int PROMPT = 8;

  @Mixin private BenchOptions options = new BenchOptions();

  @Parameters(paramLabel = "MODEL", arity = "1..*", description = "GGUF files.")
  private List<Path> models = List.of();

  @Option(
      names = {"-n", "--generate"},
      paramLabel = "N",
      description = "Ids to choose (default: 40).")
  private int count = 40;

  @Option(
      names = "--least",
      paramLabel = "N",
      description = "Fail if fewer ids of a model are the same (default: 0).")
  private int least;

  @Override
  public Integer call() throws Exception {
    if (!options.peers()) {
      throw new IllegalArgumentException("greedy compares with llama.cpp and needs --peers");
    }
    for (Path model : models) {
      if (!Files.isRegularFile(model)) {
        throw new IllegalArgumentException("there is no model " + model);
      }
    }
    List<String> wrong = new ArrayList<>();
    try (Kernels kernels = KernelChoice.open(1);
        LlamaCpp peer = LlamaCpp.start(options::log)) {
      Report report =
          new Report("greedy", Machine.here(kernels.description()), options, System.out);
      report.note("ids chosen as by " + LlamaCpp.NAME + ", of " + count);
      for (Path model : models) {
        int same = same(kernels, peer, model);
        report.add(Row.alone(String.valueOf(model.getFileName()), 1, "ids", same));
        if (same < least) {
          wrong.add(model + " (" + same + ")");
        }
      }
      report.finish();
    }
    if (!wrong.isEmpty()) {
      throw new IllegalStateException(
          "fewer than " + least + " ids are the same: " + String.join(", ", wrong));
    }
    return 0;
  }

  private int same(Kernels kernels, LlamaCpp peer, Path model) throws Exception {
    int context = PROMPT + count;
    try (LungoInference ours = new LungoInference(kernels, model, context)) {
      int[] prompt = ours.prompt(PROMPT);
      peer.load(model, 1, context, LlamaCpp.CacheType.F32);
      int[] theirs = peer.greedy(prompt, count);
      int[] chosen = ours.greedy(prompt, count);
      int same = 0;
      while (same < count && same < theirs.length && chosen[same] == theirs[same]) {
        same++;
      }
      return same;
    }
  }
}
