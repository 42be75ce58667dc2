package dev.lungo.model;

import dev.lungo.kernel.LossKernels;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Arrays;
import java.util.List;

/// Pairs of texts as an [EncoderDecoder] learns them, padded to the longest.
///
/// @param sources (B, S), int32
/// @param sourceLengths how many ids of each source count
/// @param inputs (B, T), int32: the targets shifted right, behind the start
/// @param targets (B, T), int32: what follows each input; [LossKernels#IGNORED] where there is only
///   padding
public record TranslationBatch(Tensor sources, int[] sourceLengths, Tensor inputs, Tensor targets) {
  /// A pair of texts in ids, without start and end.
  public record Pair(int[] source, int[] target) {}

  /// Lays pairs out.
  public static TranslationBatch of(
      Workspace workspace, EncoderDecoderConfig config, List<Pair> pairs) {
    int sourceWidth = 1;
    int targetWidth = 1;
    for (Pair pair : pairs) {
      sourceWidth = Math.max(sourceWidth, sourceLength(config, pair.source));
      targetWidth = Math.max(targetWidth, pair.target.length + 1);
    }
    Tensor inputs = ints(workspace, pairs.size(), targetWidth);
    Tensor targets = ints(workspace, pairs.size(), targetWidth);
    int[] input = new int[targetWidth];
    int[] output = new int[targetWidth];
    for (int row = 0; row < pairs.size(); row++) {
      int[] target = pairs.get(row).target;
      Arrays.fill(input, config.end());
      Arrays.fill(output, LossKernels.IGNORED);
      input[0] = config.start();
      System.arraycopy(target, 0, input, 1, target.length);
      System.arraycopy(target, 0, output, 0, target.length);
      output[target.length] = config.end();
      inputs.setRow(row, input, 0);
      targets.setRow(row, output, 0);
    }
    List<int[]> texts = pairs.stream().map(Pair::source).toList();
    return new TranslationBatch(
        sources(workspace, config, texts), sourceLengths(config, texts), inputs, targets);
  }

  /// Lays sources out.
  ///
  /// @return (B, S), int32
  public static Tensor sources(
      Workspace workspace, EncoderDecoderConfig config, List<int[]> texts) {
    int width = 1;
    for (int[] text : texts) {
      width = Math.max(width, sourceLength(config, text));
    }
    Tensor sources = ints(workspace, texts.size(), width);
    int[] line = new int[width];
    for (int row = 0; row < texts.size(); row++) {
      int[] text = texts.get(row);
      Arrays.fill(line, config.sourceEnds() ? config.end() : 0);
      System.arraycopy(text, 0, line, 0, text.length);
      sources.setRow(row, line, 0);
    }
    return sources;
  }

  /// Returns how many ids of each source count.
  public static int[] sourceLengths(EncoderDecoderConfig config, List<int[]> texts) {
    int[] lengths = new int[texts.size()];
    for (int row = 0; row < lengths.length; row++) {
      lengths[row] = sourceLength(config, texts.get(row));
    }
    return lengths;
  }

  private static int sourceLength(EncoderDecoderConfig config, int[] source) {
    return source.length + (config.sourceEnds() ? 1 : 0);
  }

  private static Tensor ints(Workspace workspace, int rows, int width) {
    return workspace.allocate(Shape.of(rows, width), DType.INT32);
  }
}
