package dev.lungo.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/// Jlama, a Java project that runs models of safetensors files, with its native kernels.
final class Jlama implements InferencePeer {
  private final Child child;

  private Jlama(Child child) {
    this.child = child;
  }

  /// Opens a folder in Hugging Face layout.
  static Jlama start(Path folder, int threads) throws IOException {
    Child child =
        Child.java(
            "dev.lungo.bench.peer.JlamaChild", Map.of(), "--add-modules", "jdk.incubator.vector");
    try {
      child.ask("load " + folder.toAbsolutePath() + " " + threads);
      return new Jlama(child);
    } catch (IOException failed) {
      child.close();
      throw failed;
    }
  }

  @Override
  public String name() {
    return "Jlama 0.8.4";
  }

  /// It takes text: a beginning, and words of one token each.
  @Override
  public Rates rates(int prompt, int generated) throws IOException {
    String[] answer = child.ask("rates " + (prompt - 1) + " " + generated);
    int tokens = Integer.parseInt(answer[0]);
    if (tokens != prompt) {
      throw new IOException(
          name() + " made " + tokens + " tokens of a text that was meant to have " + prompt);
    }
    return new Rates(Double.parseDouble(answer[1]), Double.parseDouble(answer[2]));
  }

  @Override
  public void close() throws IOException {
    child.close();
  }
}
