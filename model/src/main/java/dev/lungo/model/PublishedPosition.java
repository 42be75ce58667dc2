package dev.lungo.model;

import dev.lungo.kernel.Alibi;
import dev.lungo.nn.Sinusoids;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// What papers on positions print, beside what Lungo computes, in as many digits as they print.
///
/// @param name what it belongs to
public record PublishedPosition(String name, String expected, String computed) {
  private static final int HEAD_DIM = 128;
  private static final double BASE = 10_000;

  /// Computes slopes, bases, ramps and factors.
  public static List<PublishedPosition> all() {
    RopeScaling.Yarn yarn16 = new RopeScaling.Yarn(16, 4096);
    RopeScaling.Yarn yarn32 = new RopeScaling.Yarn(32, 4096);
    return List.of(
        new PublishedPosition(
            "ALiBi slopes of 8 heads",
            "0.5 0.25 0.125 0.0625 0.03125 0.015625 0.0078125 0.00390625",
            slopes(8, 0)),
        new PublishedPosition(
            "ALiBi slopes of heads 9 to 12 of 12",
            "0.70710677 0.35355338 0.17677669 0.088388346",
            slopes(12, 8)),
        new PublishedPosition(
            "sinusoid of position 1, width 4",
            "0.84147 0.54030 0.01000 0.99995",
            sinusoid(Arrays.copyOfRange(Sinusoids.table(2, 4), 4, 8))),
        number("NTK-aware base, D 128, s 4", "40889.94", RopeScaling.ntkBase(BASE, 4, HEAD_DIM), 2),
        new PublishedPosition(
            "YaRN ramp, D 128, L 4096",
            "20 to 46",
            yarn16.rampStart(HEAD_DIM, BASE) + " to " + yarn16.rampEnd(HEAD_DIM, BASE)),
        number("YaRN attention factor, s 16", "1.277259", yarn16.attentionFactor(), 6),
        number("YaRN attention factor, s 32", "1.346574", yarn32.attentionFactor(), 6),
        number("LongRoPE factor, 4k to 32k", "1.118034", longRope(8), 6),
        number("LongRoPE factor, 4k to 128k", "1.190238", longRope(32), 6));
  }

  private static double longRope(double factor) {
    return RopeScaling.LongRope.usualFactor(factor, 4096);
  }

  private static PublishedPosition number(
      String name, String expected, double computed, int digits) {
    return new PublishedPosition(
        name, expected, String.format(Locale.ROOT, "%." + digits + "f", computed));
  }

  private static String slopes(int heads, int from) {
    StringBuilder text = new StringBuilder();
    for (int head = from; head < heads; head++) {
      text.append(head == from ? "" : " ").append((float) Alibi.slope(head, heads));
    }
    return text.toString();
  }

  private static String sinusoid(float[] values) {
    return IntStream.range(0, values.length)
        .mapToObj(i -> String.format(Locale.ROOT, "%.5f", values[i]))
        .collect(Collectors.joining(" "));
  }
}
