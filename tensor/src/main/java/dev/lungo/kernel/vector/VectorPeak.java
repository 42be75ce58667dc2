package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.constant;

import jdk.incubator.vector.FloatVector;

/// As many multiply-adds as one thread can do with vectors: ten chains cover the latency of two
/// units and leave registers for the factor and the term.
final class VectorPeak {
  static final int FLOPS_PER_ITERATION = 2 * 10 * LENGTH;

  private VectorPeak() {}

  static float run(int iterations) {
    FloatVector factor = constant(0.999);
    FloatVector term = constant(0.001);
    FloatVector a = constant(1);
    FloatVector b = constant(2);
    FloatVector c = constant(3);
    FloatVector d = constant(4);
    FloatVector e = constant(5);
    FloatVector f = constant(6);
    FloatVector g = constant(7);
    FloatVector h = constant(8);
    FloatVector k = constant(9);
    FloatVector l = constant(10);
    for (int i = 0; i < iterations; i++) {
      a = a.fma(factor, term);
      b = b.fma(factor, term);
      c = c.fma(factor, term);
      d = d.fma(factor, term);
      e = e.fma(factor, term);
      f = f.fma(factor, term);
      g = g.fma(factor, term);
      h = h.fma(factor, term);
      k = k.fma(factor, term);
      l = l.fma(factor, term);
    }
    return Lanes.sum(a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(k).add(l));
  }
}
