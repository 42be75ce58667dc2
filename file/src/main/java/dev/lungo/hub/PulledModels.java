package dev.lungo.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Finds models that were pulled before, by the name they were pulled by.
public final class PulledModels {
  private PulledModels() {}

  /// Returns the path that a model is opened by: for `hf:OWNER/NAME` what was pulled under that
  /// name, for everything else the path itself.
  ///
  /// @throws NoSuchFileException if nothing was pulled under that name
  /// @throws IllegalArgumentException if several files were, and none of them is named
  public static Path resolve(String pathOrName) throws IOException {
    if (!pathOrName.startsWith(HubRepository.PREFIX)) {
      return Path.of(pathOrName);
    }
    HubRepository repository = HubRepository.parse(pathOrName);
    Path folder = repository.folder();
    Path model = repository.file().map(name -> SafeName.under(folder, name)).orElse(folder);
    if (!Files.exists(model)) {
      throw new NoSuchFileException(
          model.toString(), null, "is not here yet; first run ./lungo pull " + repository);
    }
    if (!Files.isDirectory(model) || Files.exists(model.resolve("config.json"))) {
      return model;
    }
    try (Stream<Path> files = Files.list(model)) {
      List<Path> single = files.filter(file -> file.toString().endsWith(".gguf")).sorted().toList();
      if (single.size() > 1) {
        throw new IllegalArgumentException(
            pathOrName
                + " has several files here, name one as in "
                + pathOrName
                + ":FILE: "
                + single);
      }
      return single.isEmpty() ? model : single.getFirst();
    }
  }
}
