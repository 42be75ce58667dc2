package dev.lungo.kernel;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the names of attention patterns.
final class PatternText {
  private static final Pattern ONE = Pattern.compile("(window|strided|fixed):(-?\\d{1,9})");
  private static final Pattern FIXED = Pattern.compile("fixed:(-?\\d{1,9}),summary:(-?\\d{1,9})");
  private static final Pattern WINDOWED =
      Pattern.compile("(everything,)?(global|sinks):(-?\\d{1,9}),window:(-?\\d{1,9})");
  private static final Pattern BLOCKS =
      Pattern.compile("(everything,)?blocks:(-?\\d{1,9}),([01]+(?:/[01]+)*)");

  private PatternText() {}

  static AttentionPattern parse(String text) {
    if (text.equals("causal")) {
      return AttentionPattern.CAUSAL;
    }
    if (text.equals("everything")) {
      return AttentionPattern.EVERYTHING;
    }
    Matcher one = ONE.matcher(text);
    if (one.matches()) {
      int size = Integer.parseInt(one.group(2));
      return switch (one.group(1)) {
        case "window" -> new AttentionPattern.Window(size);
        case "strided" -> new AttentionPattern.Strided(size);
        // Child et al. take 8 of 128.
        default -> new AttentionPattern.Fixed(size, Math.max(1, size / 16));
      };
    }
    Matcher fixed = FIXED.matcher(text);
    if (fixed.matches()) {
      return new AttentionPattern.Fixed(
          Integer.parseInt(fixed.group(1)), Integer.parseInt(fixed.group(2)));
    }
    Matcher windowed = WINDOWED.matcher(text);
    if (windowed.matches()) {
      boolean causal = windowed.group(1) == null;
      int count = Integer.parseInt(windowed.group(3));
      int window = Integer.parseInt(windowed.group(4));
      if (windowed.group(2).equals("global")) {
        return new AttentionPattern.Global(count, window, causal);
      }
      if (causal) {
        return new AttentionPattern.Sinks(count, window);
      }
    }
    Matcher blocks = BLOCKS.matcher(text);
    if (blocks.matches()) {
      return new AttentionPattern.Blocks(
          Integer.parseInt(blocks.group(2)),
          List.of(blocks.group(3).split("/", -1)),
          blocks.group(1) == null);
    }
    throw new IllegalArgumentException(
        "there is no attention pattern '"
            + text
            + "'; choose causal, window:N, strided:N, fixed:N, fixed:N,summary:N,"
            + " global:N,window:N, sinks:N,window:N, or blocks:N,ROW/ROW/… with rows of 0s and 1s");
  }
}
