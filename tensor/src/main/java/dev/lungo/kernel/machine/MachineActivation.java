package dev.lungo.kernel.machine;

import dev.lungo.kernel.ActivationKernels;
import dev.lungo.kernel.MemoryInUse;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;

/// SwiGLU in machine code ([SwiGluCode]); other activations, and all gradients, by other kernels.
final class MachineActivation implements ActivationKernels {
  private static final int LANES = 16;

  /// With fewer numbers, the first call would wait longer for the code than it saves. The bits are
  /// the same.
  private static final int FEWEST = 1 << 14;

  /// Vectors that a task has: sharing out fewer takes longer.
  private static final int PER_TASK = 256;

  private final Parallel parallel;
  private final ActivationKernels others;
  private final ThreadLocal<Arguments> arguments = ThreadLocal.withInitial(Arguments::new);

  MachineActivation(Parallel parallel, ActivationKernels others) {
    this.parallel = parallel;
    this.others = others;
  }

  @Override
  public void swiGlu(MemorySegment gate, MemorySegment up, MemorySegment out, long count) {
    if (count < FEWEST) {
      others.swiGlu(gate, up, out, count);
      return;
    }
    long bytes = count * Float.BYTES;
    long left = count % LANES * Float.BYTES;
    long use = MemoryInUse.begin();
    try {
      long gates = MemoryInUse.address(gate, 0, bytes);
      long ups = MemoryInUse.address(up, 0, bytes);
      long outs = MemoryInUse.address(out, 0, bytes);
      parallel.forRange(
          Math.toIntExact(count / LANES),
          PER_TASK,
          (from, to) -> vectors(gates, ups, outs, from, to - from));
    } finally {
      MemoryInUse.end(use);
    }
    if (left > 0) {
      long at = bytes - left;
      others.swiGlu(
          gate.asSlice(at, left), up.asSlice(at, left), out.asSlice(at, left), count % LANES);
    }
  }

  private void vectors(long gates, long ups, long outs, int from, int count) {
    long offset = (long) from * LANES * Float.BYTES;
    arguments
        .get()
        .set(SwiGluCode.NUMBERS, SwiGluCode.ADDRESS)
        .set(SwiGluCode.GATE, gates + offset)
        .set(SwiGluCode.UP, ups + offset)
        .set(SwiGluCode.OUT, outs + offset)
        .set(SwiGluCode.VECTORS, count)
        .call(Code.SWI_GLU);
  }

  /// Written when it is first used.
  private static final class Code {
    static final MachineFunction SWI_GLU = MachineFunction.of(SwiGluCode.code());
  }

  @Override
  public void swiGluBackward(
      MemorySegment dOut,
      MemorySegment gate,
      MemorySegment up,
      MemorySegment dGate,
      MemorySegment dUp,
      long count) {
    others.swiGluBackward(dOut, gate, up, dGate, dUp, count);
  }

  @Override
  public void geluTanh(MemorySegment x, MemorySegment out, long count) {
    others.geluTanh(x, out, count);
  }

  @Override
  public void geluTanhBackward(MemorySegment dOut, MemorySegment x, MemorySegment dx, long count) {
    others.geluTanhBackward(dOut, x, dx, count);
  }

  @Override
  public void geGlu(MemorySegment gate, MemorySegment up, MemorySegment out, long count) {
    others.geGlu(gate, up, out, count);
  }

  @Override
  public void geGluBackward(
      MemorySegment dOut,
      MemorySegment gate,
      MemorySegment up,
      MemorySegment dGate,
      MemorySegment dUp,
      long count) {
    others.geGluBackward(dOut, gate, up, dGate, dUp, count);
  }

  @Override
  public void softCap(MemorySegment x, MemorySegment out, long count, float cap) {
    others.softCap(x, out, count, cap);
  }

  @Override
  public void softCapBackward(
      MemorySegment dOut, MemorySegment out, MemorySegment dx, long count, float cap) {
    others.softCapBackward(dOut, out, dx, count, cap);
  }

  @Override
  public void relu(MemorySegment x, MemorySegment out, long count) {
    others.relu(x, out, count);
  }

  @Override
  public void reluBackward(MemorySegment dOut, MemorySegment x, MemorySegment dx, long count) {
    others.reluBackward(dOut, x, dx, count);
  }
}
