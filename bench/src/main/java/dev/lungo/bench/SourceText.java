package dev.lungo.bench;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/// The text that tokenizers are measured on: the Java sources of the JDK that runs, or a file.
final class SourceText {
  private SourceText() {}

  /// Writes the first `bytes` of the JDK's sources, file after file.
  ///
  /// @throws IllegalArgumentException if the JDK ships none
  static void writeJdkSources(Path target, long bytes) throws IOException {
    Path zip = Path.of(System.getProperty("java.home"), "lib", "src.zip");
    if (!Files.isRegularFile(zip)) {
      throw new IllegalArgumentException(
          "this JDK ships no sources (" + zip + "); name a text file of 100 MB with --corpus");
    }
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(zip));
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(target), 1 << 20)) {
      long left = bytes;
      for (ZipEntry entry = in.getNextEntry();
          entry != null && left > 0;
          entry = in.getNextEntry()) {
        if (entry.getName().endsWith(".java")) {
          left -= copy(in, out, left);
        }
      }
    }
  }

  /// Copies the first `bytes` of a file.
  static void writeStart(Path file, Path target, long bytes) throws IOException {
    try (InputStream in = Files.newInputStream(file);
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(target), 1 << 20)) {
      copy(in, out, bytes);
    }
  }

  private static long copy(InputStream in, OutputStream out, long most) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long copied = 0;
    while (copied < most) {
      int count = in.read(buffer, 0, (int) Math.min(buffer.length, most - copied));
      if (count < 0) {
        break;
      }
      out.write(buffer, 0, count);
      copied += count;
    }
    return copied;
  }

  /// Reads `bytes` from the middle of a file as texts of about `length` bytes that end with a line.
  static List<String> texts(Path file, int bytes, int length) throws IOException {
    byte[] part;
    try (InputStream in = Files.newInputStream(file)) {
      in.skipNBytes(Math.max(0, (Files.size(file) - bytes) / 2));
      part = in.readNBytes(bytes);
    }
    List<String> texts = new ArrayList<>();
    int from = nextLine(part, 0);
    while (from < part.length) {
      int to = nextLine(part, Math.min(part.length, from + length));
      if (to == part.length && part[to - 1] != '\n') {
        break;
      }
      texts.add(new String(part, from, to - from, StandardCharsets.UTF_8));
      from = to;
    }
    return texts;
  }

  private static int nextLine(byte[] text, int from) {
    int at = from;
    while (at < text.length && text[at] != '\n') {
      at++;
    }
    return Math.min(text.length, at + 1);
  }
}
