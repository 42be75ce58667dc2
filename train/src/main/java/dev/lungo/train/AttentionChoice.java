package dev.lungo.train;

import dev.lungo.kernel.AttentionAlgorithm;
import dev.lungo.kernel.AttentionPattern;
import java.util.Locale;

/// How a run computes attention, and what its model's queries see.
///
/// @param algorithm that computes it, which changes speed and memory only
/// @param pattern in the words of [AttentionPattern#parse]; the model keeps it
public record AttentionChoice(AttentionAlgorithm algorithm, String pattern) {
  /// FlashAttention-2 to all tokens before.
  public static final AttentionChoice USUAL =
      new AttentionChoice(AttentionAlgorithm.FLASH2, AttentionPattern.CAUSAL.text());

  public AttentionChoice {
    AttentionPattern.parse(pattern);
  }

  /// Reads both from a user's words.
  ///
  /// @param algorithm `plain`, `flash1` or `flash2`
  public static AttentionChoice of(String algorithm, String pattern) {
    for (AttentionAlgorithm known : AttentionAlgorithm.values()) {
      if (known.name().toLowerCase(Locale.ROOT).equals(algorithm)) {
        return new AttentionChoice(known, pattern);
      }
    }
    throw new IllegalArgumentException(
        "attention is computed as plain, flash1 or flash2, not '" + algorithm + "'");
  }

  AttentionPattern parsedPattern() {
    return AttentionPattern.parse(pattern);
  }
}
