package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.ORDER;
import static dev.lungo.kernel.vector.Lanes.SPECIES;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.lungo.kernel.NormKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Normalisation of rows that stay in the first cache between the passes over them.
final class VectorNorm implements NormKernels {
  private final Parallel parallel;
  private final ColumnSums columnSums;

  VectorNorm(Parallel parallel) {
    this.parallel = parallel;
    this.columnSums = new ColumnSums(parallel);
  }

  @Override
  public void rmsNorm(
      MemorySegment x,
      MemorySegment weight,
      MemorySegment out,
      MemorySegment inverse,
      int rows,
      int width,
      float epsilon) {
    parallel.forRange(
        rows,
        Blocks.rows(width),
        (from, to) -> {
          for (int r = from; r < to; r++) {
            long row = (long) r * width;
            double squares = VectorSums.squaredDistance(x, row, width, 0);
            float scale = (float) (1 / Math.sqrt(squares / width + epsilon));
            inverse.setAtIndex(JAVA_FLOAT_UNALIGNED, r, scale);
            int i = 0;
            for (; i <= width - LENGTH; i += LENGTH) {
              store(load(x, row + i).mul(scale).mul(load(weight, i)), out, row + i);
            }
            if (i < width) {
              VectorMask<Float> tail = Lanes.first(width - i);
              store(
                  load(x, row + i, tail).mul(scale).mul(load(weight, i, tail)), out, row + i, tail);
            }
          }
        });
  }

  /// With x̂ = x·inverse and g = dOut·weight: dx = inverse · (g - x̂ · mean(g·x̂)).
  @Override
  public void rmsNormBackward(
      MemorySegment dOut,
      MemorySegment x,
      MemorySegment weight,
      MemorySegment inverse,
      MemorySegment dx,
      MemorySegment dWeight,
      int rows,
      int width) {
    columnSums.addTo(
        List.of(dWeight),
        rows,
        width,
        (from, to, partial, offset) -> {
          for (int r = from; r < to; r++) {
            rmsNormBackwardRow(
                dOut,
                x,
                weight,
                inverse.getAtIndex(JAVA_FLOAT_UNALIGNED, r),
                dx,
                partial,
                offset,
                (long) r * width,
                width);
          }
        });
  }

  private static void rmsNormBackwardRow(
      MemorySegment dOut,
      MemorySegment x,
      MemorySegment weight,
      float scale,
      MemorySegment dx,
      float[] dWeight,
      int offset,
      long row,
      int width) {
    double alongX = VectorSums.ofProducts(dOut, x, 0, row, weight, width);
    float meanAlongX = (float) (alongX * scale / width);
    int i = 0;
    for (; i <= width - LENGTH; i += LENGTH) {
      FloatVector d = load(dOut, row + i);
      FloatVector normal = load(x, row + i).mul(scale);
      d.fma(normal, FloatVector.fromArray(SPECIES, dWeight, offset + i))
          .intoArray(dWeight, offset + i);
      FloatVector across = d.mul(load(weight, i)).sub(normal.mul(meanAlongX));
      store(load(dx, row + i).add(across.mul(scale)), dx, row + i);
    }
    if (i < width) {
      VectorMask<Float> tail = Lanes.first(width - i);
      FloatVector d = load(dOut, row + i, tail);
      FloatVector normal = load(x, row + i, tail).mul(scale);
      d.fma(normal, FloatVector.fromArray(SPECIES, dWeight, offset + i, tail))
          .intoArray(dWeight, offset + i, tail);
      FloatVector across = d.mul(load(weight, i, tail)).sub(normal.mul(meanAlongX));
      store(load(dx, row + i, tail).add(across.mul(scale)), dx, row + i, tail);
    }
  }

  @Override
  public void layerNorm(
      MemorySegment x,
      MemorySegment weight,
      MemorySegment bias,
      MemorySegment out,
      MemorySegment mean,
      MemorySegment inverse,
      int rows,
      int width,
      float epsilon) {
    parallel.forRange(
        rows,
        Blocks.rows(width),
        (from, to) -> {
          for (int r = from; r < to; r++) {
            long row = (long) r * width;
            float centre = (float) (VectorSums.of(x, row, width) / width);
            double squares = VectorSums.squaredDistance(x, row, width, centre);
            float scale = (float) (1 / Math.sqrt(squares / width + epsilon));
            mean.setAtIndex(JAVA_FLOAT_UNALIGNED, r, centre);
            inverse.setAtIndex(JAVA_FLOAT_UNALIGNED, r, scale);
            int i = 0;
            for (; i <= width - LENGTH; i += LENGTH) {
              FloatVector normal = load(x, row + i).sub(centre).mul(scale);
              store(normal.fma(load(weight, i), load(bias, i)), out, row + i);
            }
            if (i < width) {
              VectorMask<Float> tail = Lanes.first(width - i);
              FloatVector normal = load(x, row + i, tail).sub(centre).mul(scale);
              store(normal.fma(load(weight, i, tail), load(bias, i, tail)), out, row + i, tail);
            }
          }
        });
  }

  /// With x̂ = (x - mean)·inverse and g = dOut·weight: dx = inverse · (g - mean(g) - x̂ ·
  /// mean(g·x̂)).
  @Override
  public void layerNormBackward(
      MemorySegment dOut,
      MemorySegment x,
      MemorySegment weight,
      MemorySegment mean,
      MemorySegment inverse,
      MemorySegment dx,
      MemorySegment dWeight,
      MemorySegment dBias,
      int rows,
      int width) {
    columnSums.addTo(
        List.of(dWeight, dBias),
        rows,
        width,
        (from, to, partial, offset) -> {
          for (int r = from; r < to; r++) {
            float centre = mean.getAtIndex(JAVA_FLOAT_UNALIGNED, r);
            float scale = inverse.getAtIndex(JAVA_FLOAT_UNALIGNED, r);
            layerNormBackwardRow(
                dOut, x, weight, centre, scale, dx, partial, offset, (long) r * width, width);
          }
        });
  }

  /// Calls the Vector API without the shorthands of [Lanes]: with both sums inlined, the loop is
  /// past the number of nodes up to which the compiler inlines methods of ours, and what they
  /// return would become objects.
  private static void layerNormBackwardRow(
      MemorySegment dOut,
      MemorySegment x,
      MemorySegment weight,
      float centre,
      float scale,
      MemorySegment dx,
      float[] partial,
      int offset,
      long row,
      int width) {
    double gradients = VectorSums.ofProducts(dOut, row, weight, width);
    double alongX = VectorSums.ofProducts(dOut, x, centre, row, weight, width);
    float meanGradient = (float) (gradients / width);
    float meanAlongX = (float) (alongX * scale / width);
    int i = 0;
    for (; i <= width - LENGTH; i += LENGTH) {
      long at = (row + i) << 2;
      FloatVector d = FloatVector.fromMemorySegment(SPECIES, dOut, at, ORDER);
      FloatVector normal =
          FloatVector.fromMemorySegment(SPECIES, x, at, ORDER).sub(centre).mul(scale);
      d.fma(normal, FloatVector.fromArray(SPECIES, partial, offset + i))
          .intoArray(partial, offset + i);
      d.add(FloatVector.fromArray(SPECIES, partial, offset + width + i))
          .intoArray(partial, offset + width + i);
      FloatVector gradient =
          d.mul(FloatVector.fromMemorySegment(SPECIES, weight, (long) i << 2, ORDER));
      FloatVector across = gradient.sub(meanGradient).sub(normal.mul(meanAlongX));
      FloatVector.fromMemorySegment(SPECIES, dx, at, ORDER)
          .add(across.mul(scale))
          .intoMemorySegment(dx, at, ORDER);
    }
    if (i < width) {
      VectorMask<Float> tail = Lanes.first(width - i);
      FloatVector d = load(dOut, row + i, tail);
      FloatVector normal = load(x, row + i, tail).sub(centre).mul(scale);
      d.fma(normal, FloatVector.fromArray(SPECIES, partial, offset + i, tail))
          .intoArray(partial, offset + i, tail);
      d.add(FloatVector.fromArray(SPECIES, partial, offset + width + i, tail))
          .intoArray(partial, offset + width + i, tail);
      FloatVector across =
          d.mul(load(weight, i, tail)).sub(meanGradient).sub(normal.mul(meanAlongX));
      store(load(dx, row + i, tail).add(across.mul(scale)), dx, row + i, tail);
    }
  }
}
