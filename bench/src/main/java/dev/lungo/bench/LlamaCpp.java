package dev.lungo.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// llama.cpp, as npm's node-llama-cpp ships it built for many processors.
final class LlamaCpp implements InferencePeer {
  /// What reports call it.
  static final String NAME = "llama.cpp (node-llama-cpp 3.22.1)";

  /// In what type keys and values are kept: 16 bits as by default, or 32 to compare results.
  enum CacheType {
    F16,
    F32
  }

  private final Child child;

  private LlamaCpp(Child child) {
    this.child = child;
  }

  /// Starts it, and installs it on first use.
  ///
  /// @param log hears what takes long
  static LlamaCpp start(Consumer<String> log) throws IOException {
    return new LlamaCpp(NodePeer.start("llama_cpp.mjs", log));
  }

  /// Opens a GGUF file in place of the one before.
  ///
  /// @param context positions, prompt and generated tokens together
  void load(Path gguf, int threads, int context, CacheType cache) throws IOException {
    String path = word(gguf.toAbsolutePath().toString());
    child.ask("load " + path + " " + threads + " " + context + " " + cache);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Rates rates(int prompt, int generated) throws IOException {
    String[] words = child.ask("rates " + prompt + " " + generated);
    return new Rates(Double.parseDouble(words[0]), Double.parseDouble(words[1]));
  }

  /// Returns the likeliest token after `prompt`, then the one after that, and so on.
  int[] greedy(int[] prompt, int count) throws IOException {
    String ids = Arrays.stream(prompt).mapToObj(Integer::toString).collect(Collectors.joining(" "));
    return ids(child.ask("greedy " + count + " " + ids));
  }

  /// Returns the ids of a text, without any around it; names of special tokens count as text.
  int[] tokens(String text) throws IOException {
    return ids(child.ask("tokens " + word(text)));
  }

  private static String word(String text) {
    return text.isEmpty()
        ? "-"
        : Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static int[] ids(String[] words) {
    return Arrays.stream(words).mapToInt(Integer::parseInt).toArray();
  }

  @Override
  public void close() throws IOException {
    child.close();
  }
}
