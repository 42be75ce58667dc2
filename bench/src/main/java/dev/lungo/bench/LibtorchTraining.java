package dev.lungo.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/// The peer's side of the training benchmark: libtorch in a process of its own.
final class LibtorchTraining implements TrainingContestant {
  static final String NAME = "libtorch 2.10.0";

  private final Child child;

  LibtorchTraining(TrainingCase sizes, int threads, Path weights, Path batches) throws IOException {
    child = start(threads);
    child.ask("model " + threads + " " + sizes.words());
    child.ask("weights " + weights);
    child.ask("batches " + batches);
    child.ask("adamw 3e-4");
  }

  /// Starts a child that knows libtorch. Its threads are told not to spin while they wait, without
  /// which two of them run at half the speed of one on shared cores.
  static Child start(int threads) throws IOException {
    return start("dev.lungo.bench.peer.LibtorchChild", threads);
  }

  /// Starts a child with another main class in the same way.
  static Child start(String mainClass, int threads) throws IOException {
    return Child.java(
        mainClass,
        Map.of("OMP_WAIT_POLICY", "PASSIVE", "OMP_NUM_THREADS", Integer.toString(threads)));
  }

  @Override
  public Steps run(int first, int count) throws IOException {
    String[] words = child.ask("steps " + first + " " + count);
    double[] losses = new double[count];
    for (int i = 0; i < count; i++) {
      losses[i] = Double.parseDouble(words[i + 1]);
    }
    return new Steps(Double.parseDouble(words[0]), losses);
  }

  @Override
  public void close() throws IOException {
    child.close();
  }
}
