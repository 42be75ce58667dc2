package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.add;
import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;

import java.lang.foreign.MemorySegment;

/// Normalisation, formula by formula.
final class ScalarNorm implements NormKernels {
  @Override
  public void rmsNorm(
      MemorySegment x,
      MemorySegment weight,
      MemorySegment out,
      MemorySegment inverse,
      int rows,
      int width,
      float epsilon) {
    for (int r = 0; r < rows; r++) {
      long row = (long) r * width;
      double squares = 0;
      for (int i = 0; i < width; i++) {
        squares += (double) get(x, row + i) * get(x, row + i);
      }
      double scale = 1 / Math.sqrt(squares / width + epsilon);
      for (int i = 0; i < width; i++) {
        set(out, row + i, get(x, row + i) * scale * get(weight, i));
      }
      set(inverse, r, scale);
    }
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
    for (int r = 0; r < rows; r++) {
      long row = (long) r * width;
      double scale = get(inverse, r);
      double alongX = 0;
      for (int i = 0; i < width; i++) {
        double normal = get(x, row + i) * scale;
        alongX += get(dOut, row + i) * get(weight, i) * normal;
        add(dWeight, i, get(dOut, row + i) * normal);
      }
      alongX /= width;
      for (int i = 0; i < width; i++) {
        double normal = get(x, row + i) * scale;
        add(dx, row + i, scale * (get(dOut, row + i) * get(weight, i) - normal * alongX));
      }
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
    for (int r = 0; r < rows; r++) {
      long row = (long) r * width;
      double sum = 0;
      for (int i = 0; i < width; i++) {
        sum += get(x, row + i);
      }
      double centre = sum / width;
      double squares = 0;
      for (int i = 0; i < width; i++) {
        squares += (get(x, row + i) - centre) * (get(x, row + i) - centre);
      }
      double scale = 1 / Math.sqrt(squares / width + epsilon);
      for (int i = 0; i < width; i++) {
        set(out, row + i, (get(x, row + i) - centre) * scale * get(weight, i) + get(bias, i));
      }
      set(mean, r, centre);
      set(inverse, r, scale);
    }
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
    for (int r = 0; r < rows; r++) {
      long row = (long) r * width;
      double centre = get(mean, r);
      double scale = get(inverse, r);
      double meanGradient = 0;
      double alongX = 0;
      for (int i = 0; i < width; i++) {
        double normal = (get(x, row + i) - centre) * scale;
        double gradient = (double) get(dOut, row + i) * get(weight, i);
        meanGradient += gradient;
        alongX += gradient * normal;
        add(dWeight, i, get(dOut, row + i) * normal);
        add(dBias, i, get(dOut, row + i));
      }
      meanGradient /= width;
      alongX /= width;
      for (int i = 0; i < width; i++) {
        double normal = (get(x, row + i) - centre) * scale;
        double gradient = (double) get(dOut, row + i) * get(weight, i);
        add(dx, row + i, scale * (gradient - meanGradient - normal * alongX));
      }
    }
  }
}
