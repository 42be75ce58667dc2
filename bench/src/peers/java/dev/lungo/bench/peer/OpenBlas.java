package dev.lungo.bench.peer;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;

import dev.lungo.bench.MatmulPeer;
import dev.lungo.kernel.MatmulKernels.Form;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;

/// OpenBLAS's sgemm.
@SuppressWarnings("restricted") // Native code is what is measured here.
public final class OpenBlas implements MatmulPeer {
  @Override
  public String name() {
    return "OpenBLAS 0.3.31 " + processor();
  }

  /// Returns the processor that its kernels are for: its own choice, unless `OPENBLAS_CORETYPE`
  /// makes it.
  private static String processor() {
    Loader.load(openblas_nolapack.class);
    MethodHandle call =
        Linker.nativeLinker()
            .downcallHandle(
                SymbolLookup.loaderLookup().findOrThrow("openblas_get_corename"),
                FunctionDescriptor.of(ValueLayout.ADDRESS));
    try {
      MemorySegment name = (MemorySegment) call.invokeExact();
      return name.reinterpret(64).getString(0);
    } catch (Throwable thrown) {
      throw new IllegalStateException("OpenBLAS does not tell its kernels", thrown);
    }
  }

  @Override
  public void useThreads(int threads) {
    openblas_nolapack.blas_set_num_threads(threads);
  }

  @Override
  public Runnable product(
      Form form, int m, int n, int k, MemorySegment a, MemorySegment b, MemorySegment c) {
    int transposeA = form == Form.TN ? CblasTrans : CblasNoTrans;
    int transposeB = form == Form.NT ? CblasTrans : CblasNoTrans;
    int strideA = form == Form.TN ? m : k;
    int strideB = form == Form.NT ? k : n;
    FloatPointer pointerA = pointer(a);
    FloatPointer pointerB = pointer(b);
    FloatPointer pointerC = pointer(c);
    return () ->
        cblas_sgemm(
            CblasRowMajor, transposeA, transposeB, m, n, k, 1, pointerA, strideA, pointerB, strideB, 0, pointerC, n);
  }

  private static FloatPointer pointer(MemorySegment segment) {
    return new FloatPointer(segment.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer());
  }
}
