package dev.lungo.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/// The data of work that leaves no run behind: prepared in a folder that is removed in the end.
public final class TemporaryData implements AutoCloseable {
  private final Path folder;
  private final RunData data;

  private TemporaryData(Path folder, RunData data) {
    this.folder = folder;
    this.data = data;
  }

  /// Reads the corpus of the settings, makes or opens the tokenizer, and encodes the text.
  ///
  /// @param phases hears what is known and done, by name
  public static TemporaryData prepare(TrainingSettings settings, BiConsumer<String, String> phases)
      throws IOException {
    Path folder = Files.createTempDirectory("lungo-data-");
    try {
      return new TemporaryData(folder, RunData.prepare(folder, settings, new Phases(phases)));
    } catch (IOException | RuntimeException failed) {
      delete(folder);
      throw failed;
    }
  }

  public RunData data() {
    return data;
  }

  private static void delete(Path folder) throws IOException {
    List<Path> entries;
    try (Stream<Path> walk = Files.walk(folder)) {
      entries = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path entry : entries) {
      Files.delete(entry);
    }
  }

  @Override
  public void close() throws IOException {
    data.close();
    delete(folder);
  }

  /// Passes on what preparing says; nothing else happens here.
  private record Phases(BiConsumer<String, String> sink) implements RunListener {
    @Override
    public void phase(String name, String text) {
      sink.accept(name, text);
    }

    @Override
    public void stepped(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {}

    @Override
    public void evaluated(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {}

    @Override
    public void sampled(long step, String prompt, String continuation) {}

    @Override
    public void warned(String text) {
      sink.accept("warning", text);
    }
  }
}
