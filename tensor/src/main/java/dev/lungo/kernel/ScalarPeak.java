package dev.lungo.kernel;

/// As many multiply-adds as one thread can do with single floats.
final class ScalarPeak {
  static final int FLOPS_PER_ITERATION = 2 * 8;

  private ScalarPeak() {}

  static float run(int iterations) {
    float factor = 0.999f;
    float term = 0.001f;
    float a = 1;
    float b = 2;
    float c = 3;
    float d = 4;
    float e = 5;
    float f = 6;
    float g = 7;
    float h = 8;
    for (int i = 0; i < iterations; i++) {
      a = Math.fma(a, factor, term);
      b = Math.fma(b, factor, term);
      c = Math.fma(c, factor, term);
      d = Math.fma(d, factor, term);
      e = Math.fma(e, factor, term);
      f = Math.fma(f, factor, term);
      g = Math.fma(g, factor, term);
      h = Math.fma(h, factor, term);
    }
    return a + b + c + d + e + f + g + h;
  }
}
