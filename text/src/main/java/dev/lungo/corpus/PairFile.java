package dev.lungo.corpus;

import dev.lungo.file.MalformedFileException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/// Texts and their translations, one pair a line: the text, a tab, the translation; what follows
/// another tab is ignored. From a text file, also in `.gz` or `.zst`, or the `.tsv` and `.txt`
/// files in a `.zip`.
///
/// Lines without two sides are named, counted and left out.
///
/// @param pairs in the order of the lines
/// @param lines that were read
/// @param skipped lines that are no pair
public record PairFile(List<TextPair> pairs, long lines, long skipped) {
  private static final int LONGEST_LINE = 1 << 20;
  private static final int NAMED = 5;

  /// Pairs to learn from and pairs held out.
  public record Parts(List<TextPair> training, List<TextPair> heldOut) {}

  /// Reads a file.
  ///
  /// @param strict whether a line that is no pair is an error
  /// @param warning hears of the first such lines
  /// @throws MalformedFileException if there is no pair, or a bad line while `strict`
  public static PairFile read(Path file, boolean strict, Consumer<String> warning)
      throws IOException {
    Reader reader = new Reader(file.toString(), strict, warning);
    if (OpenedFile.innerName(file).endsWith(".zip")) {
      readZip(file, reader);
    } else {
      try (InputStream in = new BufferedInputStream(new OpenedFile(file), 1 << 16)) {
        reader.read(in, "");
      }
    }
    if (reader.pairs.isEmpty()) {
      throw new MalformedFileException(
          file.toString(),
          0,
          "pairs",
          "has no line with a text, a tab and its translation among " + reader.lines + " lines");
    }
    if (reader.skipped > NAMED) {
      warning.accept(
          reader.skipped + " of " + reader.lines + " lines are no pairs and are skipped");
    }
    return new PairFile(reader.pairs, reader.lines, reader.skipped);
  }

  private static void readZip(Path file, Reader reader) throws IOException {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      List<? extends ZipEntry> entries =
          zip.stream()
              .filter(PairFile::holdsPairs)
              .sorted(Comparator.comparing(ZipEntry::getName))
              .toList();
      for (ZipEntry entry : entries) {
        try (InputStream in = new BufferedInputStream(zip.getInputStream(entry), 1 << 16)) {
          reader.read(in, entry.getName() + ", ");
        }
      }
    } catch (ZipException e) {
      throw new MalformedFileException(
          file.toString(), 0, "zip", "cannot be unpacked: " + e.getMessage());
    }
  }

  /// Leaves out what describes the archive, and what other systems add to it.
  private static boolean holdsPairs(ZipEntry entry) {
    String name = entry.getName().toLowerCase(Locale.ROOT);
    String last = name.substring(name.lastIndexOf('/') + 1);
    return !entry.isDirectory()
        && (last.endsWith(".tsv") || last.endsWith(".txt"))
        && !last.startsWith("_")
        && !last.startsWith(".");
  }

  /// Sets pairs aside: all that share their source go to the same side, and of those that are held
  /// out only the first of each source counts.
  ///
  /// @param share of the sources to hold out
  public Parts split(double share) {
    List<TextPair> training = new ArrayList<>();
    List<TextPair> heldOut = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (TextPair pair : pairs) {
      if (NameHash.unit(pair.source(), NameHash.HOLD_OUT) >= share) {
        training.add(pair);
      } else if (seen.add(pair.source())) {
        heldOut.add(pair);
      }
    }
    return new Parts(training, heldOut);
  }

  /// Takes lines apart.
  private static final class Reader {
    private final String file;
    private final boolean strict;
    private final Consumer<String> warning;
    private final List<TextPair> pairs = new ArrayList<>();
    private long lines;
    private long skipped;

    Reader(String file, boolean strict, Consumer<String> warning) {
      this.file = file;
      this.strict = strict;
      this.warning = warning;
    }

    void read(InputStream in, String entry) throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream(256);
      long number = 0;
      long start = 0;
      long at = 0;
      for (int next = in.read(); next >= 0 || line.size() > 0; next = in.read()) {
        at++;
        if (next >= 0 && next != '\n') {
          line.write(next);
          if (line.size() > LONGEST_LINE) {
            throw new MalformedFileException(
                file,
                start,
                entry + "line " + (number + 1),
                "is longer than " + LONGEST_LINE + " bytes");
          }
          continue;
        }
        number++;
        take(line.toByteArray(), entry + "line " + number, start);
        line.reset();
        start = at;
        if (next < 0) {
          return;
        }
      }
    }

    private void take(byte[] bytes, String place, long at) throws IOException {
      lines++;
      String text;
      try {
        text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      } catch (CharacterCodingException e) {
        skip(place, at, "is no UTF-8");
        return;
      }
      String[] sides = text.strip().split("\t", -1);
      if (text.isBlank()) {
        skip(place, at, "is empty");
      } else if (sides.length < 2) {
        skip(place, at, "has one side only; a tab must part the text from its translation");
      } else if (sides[0].isBlank() || sides[1].isBlank()) {
        skip(place, at, "has an empty side");
      } else {
        pairs.add(new TextPair(sides[0].strip(), sides[1].strip()));
      }
    }

    private void skip(String place, long at, String reason) throws IOException {
      if (strict) {
        throw new MalformedFileException(file, at, place, reason);
      }
      skipped++;
      if (skipped <= NAMED) {
        warning.accept(file + ", " + place + " " + reason + "; it is skipped");
      }
    }
  }
}
