package dev.lungo.tokenizer;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// Opens tokenizers, whatever format they are in.
///
/// - `tokenizer.json` (Hugging Face): BPE of bytes and of characters, unigram, single characters;
/// - `tokenizer.model` (SentencePiece): unigram and BPE;
/// - `*.tiktoken` (OpenAI);
/// - `encoder.json` with `vocab.bpe` (GPT-2), or `vocab.json` with `merges.txt`;
/// - `*.bin` (llama2.c);
/// - `*.gguf` (llama.cpp), which carries its tokenizer;
/// - a folder that holds one of these.
public final class TokenizerFiles {
  private TokenizerFiles() {}

  /// Opens the tokenizer in `path`, a file or a folder.
  ///
  /// @throws NoSuchFileException if there is none
  /// @throws MalformedFileException if the file is not what its format says, or its format is not
  ///   known
  public static Tokenizer load(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return loadFile(findIn(path));
    }
    if (!Files.exists(path)) {
      throw new NoSuchFileException(
          path.toString(), null, "there is no tokenizer file or folder of this name");
    }
    return loadFile(path);
  }

  private static Path findIn(Path folder) throws IOException {
    for (String name : List.of("tokenizer.json", "tokenizer.model", "encoder.json", "vocab.json")) {
      if (Files.isRegularFile(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> candidates =
          files.filter(file -> isNamedLikeOne(file) && Files.isRegularFile(file)).sorted().toList();
      // A GGUF file is a model first of all: beside a tokenizer it is not asked for its own.
      List<Path> alone =
          candidates.stream().filter(file -> !nameOf(file).endsWith(".gguf")).toList();
      if (alone.size() == 1) {
        return alone.getFirst();
      }
      if (candidates.size() == 1) {
        return candidates.getFirst();
      }
      throw new NoSuchFileException(
          folder.toString(),
          null,
          candidates.isEmpty()
              ? "holds no tokenizer.json, tokenizer.model, encoder.json with vocab.bpe, *.tiktoken, tok*.bin or *.gguf"
              : "holds several tokenizers, name one: " + candidates);
    }
  }

  private static boolean isNamedLikeOne(Path file) {
    String name = nameOf(file);
    return name.endsWith(".tiktoken")
        || name.endsWith(".gguf")
        || name.startsWith("tok") && name.endsWith(".bin");
  }

  private static String nameOf(Path file) {
    return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
  }

  private static Tokenizer loadFile(Path file) throws IOException {
    String name = nameOf(file);
    refuseMoreThanTheHeapHolds(file, name);
    if (name.endsWith(".tiktoken")) {
      return TiktokenFile.read(file);
    }
    if (name.endsWith(".bin")) {
      return Llama2cFile.read(file);
    }
    if (name.endsWith(".model")) {
      return SentencePieceFile.read(file);
    }
    if (name.endsWith(".gguf")) {
      return GgufTokenizerFile.read(file);
    }
    if (name.equals("vocab.bpe") || name.equals("merges.txt")) {
      return Gpt2Files.read(partner(file, "encoder.json", "vocab.json"), file);
    }
    if (name.equals("encoder.json") || name.equals("vocab.json")) {
      return Gpt2Files.read(file, partner(file, "vocab.bpe", "merges.txt"));
    }
    if (name.endsWith(".json") || firstByte(file).equals(Optional.of((int) '{'))) {
      return TokenizerJsonReader.read(file);
    }
    throw new MalformedFileException(
        file.toString(),
        0,
        "format",
        "not recognised; Lungo reads tokenizer.json, tokenizer.model, *.tiktoken, encoder.json with vocab.bpe, llama2.c's *.bin and *.gguf");
  }

  /// What is read of a tokenizer takes several times its size. A GGUF file is mostly weights.
  private static void refuseMoreThanTheHeapHolds(Path file, String name) throws IOException {
    long most = Runtime.getRuntime().maxMemory() / 6;
    if (!name.endsWith(".gguf") && Files.size(file) > most) {
      throw new MalformedFileException(
          file.toString(),
          0,
          "size",
          Files.size(file)
              + " bytes; the heap suffices for tokenizers of "
              + most
              + "; if it is no damage, raise it: LUNGO_JAVA_OPTS=-Xmx8g");
    }
  }

  private static Path partner(Path file, String name, String otherName) throws IOException {
    for (String candidate : List.of(name, otherName)) {
      Path partner = file.resolveSibling(candidate);
      if (Files.isRegularFile(partner)) {
        return partner;
      }
    }
    throw new NoSuchFileException(
        file.toString(), null, "needs " + name + " or " + otherName + " beside it");
  }

  private static Optional<Integer> firstByte(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      int first = in.read();
      return first < 0 ? Optional.empty() : Optional.of(first);
    }
  }
}
