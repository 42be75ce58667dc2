package dev.lungo.hub;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Which files of a repository to pull.
public sealed interface FileSelection {
  /// These files make a model, or are the one that was asked for.
  record Files(List<HubFile> files) implements FileSelection {}

  /// The repository holds several models, each in one file: a person has to name one.
  record NameOne(List<HubFile> candidates) implements FileSelection {}

  /// Chooses what Lungo can open: configuration, tokenizer, and weights as safetensors.
  ///
  /// @throws IllegalArgumentException if there is nothing of that kind, or no such file
  static FileSelection of(HubListing listing) {
    Optional<String> wanted = listing.repository().file();
    if (wanted.isPresent()) {
      return new Files(List.of(named(listing, wanted.get())));
    }
    List<HubFile> weights = weights(listing);
    if (!weights.isEmpty() && listing.find("config.json").isPresent()) {
      List<HubFile> chosen = new ArrayList<>();
      listing.files().stream().filter(file -> isBeside(file.name())).forEach(chosen::add);
      chosen.addAll(weights);
      return new Files(checked(chosen));
    }
    List<HubFile> candidates =
        listing.files().stream().filter(file -> isModelFile(file.name())).toList();
    if (candidates.isEmpty()) {
      throw new IllegalArgumentException(
          listing.repository()
              + " holds nothing that Lungo opens: no config.json with model.safetensors, and no *.gguf among its "
              + listing.files().size()
              + " files");
    }
    return new NameOne(candidates);
  }

  private static HubFile named(HubListing listing, String name) {
    Optional<HubFile> file = listing.find(name);
    if (file.isEmpty()) {
      List<String> some =
          listing.files().stream().map(HubFile::name).filter(FileSelection::isModelFile).toList();
      throw new IllegalArgumentException(
          "hf:"
              + listing.repository().id()
              + " holds no file "
              + name
              + (some.isEmpty() ? "" : "; it has " + String.join(", ", some)));
    }
    return checked(List.of(file.get())).getFirst();
  }

  /// The weights that a folder is opened with: one file goes before shards.
  private static List<HubFile> weights(HubListing listing) {
    Optional<HubFile> single = listing.find("model.safetensors");
    if (single.isPresent()) {
      return List.of(single.get());
    }
    Optional<HubFile> index = listing.find("model.safetensors.index.json");
    if (index.isEmpty()) {
      return List.of();
    }
    List<HubFile> files = new ArrayList<>();
    files.add(index.get());
    listing.files().stream()
        .filter(file -> Patterns.SHARD.matcher(file.name()).matches())
        .forEach(files::add);
    return files;
  }

  private static boolean isBeside(String name) {
    return Patterns.BESIDE.contains(name) || !name.contains("/") && name.endsWith(".tiktoken");
  }

  private static boolean isModelFile(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.endsWith(".gguf") || lower.endsWith(".safetensors");
  }

  /// Refuses names that cannot be files here, and two that would be one where case counts nothing.
  private static List<HubFile> checked(List<HubFile> files) {
    Set<String> names = new HashSet<>();
    for (HubFile file : files) {
      SafeName.fault(file.name())
          .ifPresent(fault -> {
            throw new IllegalArgumentException(SafeName.printable(file.name()) + " " + fault);
          });
      if (!names.add(file.name().toLowerCase(Locale.ROOT))) {
        throw new IllegalArgumentException(
            SafeName.printable(file.name()) + " differs from another name by case alone");
      }
    }
    return files;
  }

  /// What files are called.
  final class Patterns {
    private static final Pattern SHARD = Pattern.compile("model-[0-9]+-of-[0-9]+\\.safetensors");

    private static final Set<String> BESIDE =
        Set.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "tokenizer.model",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "encoder.json",
            "vocab.bpe",
            "chat_template.jinja");

    private Patterns() {}
  }
}
