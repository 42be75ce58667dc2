package dev.lungo.corpus;

import dev.lungo.file.MalformedFileException;
import dev.lungo.tokenizer.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/// A single text file, read in parts of about a mebibyte that end where encoding may be
/// interrupted.
final class TextFileSource implements CorpusSource {
  private static final int PART_BYTES = 1 << 20;

  private final Path file;
  private final String name;
  private final boolean numbered;

  /// @param numbered whether parts are told apart by their names (a corpus of this file alone), or
  ///   all bear the name of the file (a file among others, which is chosen or left out as a whole)
  TextFileSource(Path file, String name, boolean numbered) {
    this.file = file;
    this.name = name;
    this.numbered = numbered;
  }

  @Override
  public DocumentStream documents() throws IOException {
    return new Parts(0, Long.MAX_VALUE);
  }

  @Override
  public long totalBytes() throws IOException {
    return Files.size(file);
  }

  /// Opens the part of the text that `split` names.
  DocumentStream documents(Split.Tail split, Split.Part part) throws IOException {
    if (part == Split.Part.ALL) {
      return documents();
    }
    long cut = offsetOf(split.trainingCharacters(offsetOf(Long.MAX_VALUE).characters())).bytes();
    return part == Split.Part.TRAINING ? new Parts(0, cut) : new Parts(cut, Long.MAX_VALUE);
  }

  private record Offset(long characters, long bytes) {}

  /// Finds the byte at which character number `wanted` begins, or the end of the text.
  private Offset offsetOf(long wanted) throws IOException {
    long characters = 0;
    long bytes = 0;
    byte[] buffer = new byte[1 << 16];
    try (OpenedFile in = new OpenedFile(file)) {
      for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
        for (int i = 0; i < read; i++) {
          if ((buffer[i] & 0xc0) != 0x80 && characters++ == wanted) {
            return new Offset(wanted, bytes + i);
          }
        }
        bytes += read;
      }
    }
    return new Offset(characters, bytes);
  }

  /// The parts of the text from byte `from` to byte `to`.
  private final class Parts implements DocumentStream {
    private final OpenedFile in;
    private final byte[] buffer = new byte[PART_BYTES];
    private long left;
    private int held;
    private boolean first;
    private int number;
    private boolean ended;

    Parts(long from, long to) throws IOException {
      in = new OpenedFile(file);
      left = to - from;
      first = from == 0;
      if (from > 0) {
        in.skipNBytes(from);
      }
    }

    @Override
    public Optional<Document> next() throws IOException {
      fill();
      if (held == 0) {
        return Optional.empty();
      }
      if (first && TextBytes.isBinary(buffer, held)) {
        throw new MalformedFileException(
            file.toString(),
            0,
            "text",
            "holds zero bytes, so it is no text; convert it to UTF-8 first");
      }
      int end = ended ? held : cut();
      byte[] part = Arrays.copyOf(buffer, end);
      byte[] text = TextBytes.valid(first ? TextBytes.withoutMark(part) : part);
      System.arraycopy(buffer, end, buffer, 0, held - end);
      held -= end;
      first = false;
      String partName = numbered ? name + "#" + number++ : name;
      return Optional.of(new Document(partName, text, !ended || held > 0));
    }

    private void fill() throws IOException {
      while (held < buffer.length && !ended) {
        int read = in.read(buffer, held, (int) Math.min(buffer.length - held, left));
        if (read <= 0) {
          ended = true;
        } else {
          held += read;
          left -= read;
          ended = left == 0;
        }
      }
    }

    /// Ends a part after a word, or, in a text without words, at least between characters.
    private int cut() {
      int cut = Splitter.lastCut(buffer, 0, held - 1);
      if (cut > 0) {
        return cut;
      }
      int end = held;
      while (end > held - 4 && (buffer[end - 1] & 0xc0) == 0x80) {
        end--;
      }
      return (buffer[end - 1] & 0xff) >= 0xc0 ? end - 1 : end;
    }

    @Override
    public long bytesRead() {
      return in.storedBytesRead();
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
