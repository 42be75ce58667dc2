package dev.lungo.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Decodes ids one at a time, holding back the bytes of a character until it is complete. Not
/// thread-safe.
public final class StreamingDecoder {
  private final Tokenizer tokenizer;
  private final boolean showSpecial;
  private byte[] held = new byte[64];
  private int size;
  private boolean dropSpace;

  /// @param showSpecial whether special tokens appear by their names
  public StreamingDecoder(Tokenizer tokenizer, boolean showSpecial) {
    this.tokenizer = tokenizer;
    this.showSpecial = showSpecial;
    this.dropSpace = tokenizer.dropsFirstSpace();
  }

  /// Takes `id` and returns the text that is complete now, perhaps none.
  public String accept(int id) {
    boolean special = tokenizer.isSpecial(id);
    if (special && !showSpecial) {
      return "";
    }
    byte[] bytes = tokenizer.bytesOf(id);
    int skip = dropSpace && !special && bytes.length > 0 && bytes[0] == ' ' ? 1 : 0;
    dropSpace &= special;
    if (size + bytes.length > held.length) {
      held = Arrays.copyOf(held, Math.max(held.length * 2, size + bytes.length));
    }
    System.arraycopy(bytes, skip, held, size, bytes.length - skip);
    size += bytes.length - skip;
    int complete = size - incompleteTail();
    String text = new String(held, 0, complete, StandardCharsets.UTF_8);
    System.arraycopy(held, complete, held, 0, size - complete);
    size -= complete;
    return text;
  }

  /// Returns what is held back (as U+FFFD, since it is no whole character) and starts anew.
  public String finish() {
    String text = new String(held, 0, size, StandardCharsets.UTF_8);
    size = 0;
    dropSpace = tokenizer.dropsFirstSpace();
    return text;
  }

  /// Counts the bytes at the end that are the beginning of a character whose rest may still come.
  private int incompleteTail() {
    for (int back = 1; back <= Math.min(3, size); back++) {
      int b = held[size - back] & 0xff;
      if (b >= 0xc2 && b <= 0xf4) {
        int needed = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
        return back < needed && canContinue(size - back, back) ? back : 0;
      }
      if (b < 0x80 || b >= 0xc0) {
        return 0;
      }
    }
    return 0;
  }

  /// Rejects second bytes that no character has after its first (overlong forms, surrogates, beyond
  /// U+10FFFF).
  private boolean canContinue(int start, int length) {
    if (length < 2) {
      return true;
    }
    int first = held[start] & 0xff;
    int second = held[start + 1] & 0xff;
    return switch (first) {
      case 0xe0 -> second >= 0xa0;
      case 0xed -> second < 0xa0;
      case 0xf0 -> second >= 0x90;
      case 0xf4 -> second < 0x90;
      default -> true;
    };
  }
}
