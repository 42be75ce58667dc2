package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EmbeddingKernelsTest extends KernelContract {
  private static final int ENTRIES = 11;

  @ParameterizedTest
  @CsvSource({"0,8", "1,1", "3,7", "9,8", "20,9", "70,33", "200,64", "50,257", "30,1030"})
  void rowsAreLookedUpAndGradientsAddedBack(int rows, int width) {
    int[] idValues = new int[rows];
    for (int r = 0; r < rows; r++) {
      idValues[r] = r == 0 ? ENTRIES - 1 : random.nextInt(ENTRIES);
    }
    float[] tableValues = normal(ENTRIES * width);
    float[] dOutValues = normal(rows * width);
    float[] start = normal(ENTRIES * width);
    double[] looked = new double[rows * width];
    double[] gradient = doubles(start);
    for (int i = 0; i < looked.length; i++) {
      int entry = idValues[i / width] * width + i % width;
      looked[i] = tableValues[entry];
      gradient[entry] += dOutValues[i];
    }
    MemorySegment ids = memory(idValues);
    MemorySegment table = memory(tableValues);
    MemorySegment dOut = memory(dOutValues);
    check(
        (kernels, out) -> kernels.embedding().gather(ids, table, out[0], rows, width),
        0,
        List.of(normal(rows * width)),
        List.of(looked));
    check(
        (kernels, out) -> kernels.embedding().gatherBackward(ids, dOut, out[0], rows, width),
        2e-6,
        List.of(start),
        List.of(gradient));
  }
}
