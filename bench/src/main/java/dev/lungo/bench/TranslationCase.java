package dev.lungo.bench;

import dev.lungo.model.EncoderDecoderConfig;
import dev.lungo.model.EncoderDecoderConfig.Activation;
import dev.lungo.model.EncoderDecoderConfig.NormPlacement;
import dev.lungo.model.EncoderDecoderConfig.SharedTables;
import dev.lungo.model.SinusoidalPositions;
import dev.lungo.model.TranslationBatch;
import dev.lungo.model.TranslationBatch.Pair;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Workspace;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What a training step of an encoder–decoder works on, the same for both contestants: width 256, 3
/// + 3 layers, post-norm with biases everywhere, as libtorch's modules are.
public final class TranslationCase {
  public static final int VOCABULARY = 4096;
  public static final int WIDTH = 256;
  public static final int LAYERS = 3;
  public static final int HEADS = 4;
  public static final int FEED_FORWARD = 1024;

  /// Positions of a batch on either side, padding included.
  static final int TOKENS = 4096;

  /// The longest side of each bucket's pairs.
  private static final int[] BUCKETS = {16, 32, 64};

  private TranslationCase() {}

  static EncoderDecoderConfig config() {
    return new EncoderDecoderConfig(
        VOCABULARY,
        VOCABULARY,
        WIDTH,
        LAYERS,
        LAYERS,
        HEADS,
        FEED_FORWARD,
        BUCKETS[BUCKETS.length - 1],
        NormPlacement.POST,
        Activation.RELU,
        SinusoidalPositions.INTERLEAVED,
        SharedTables.NONE,
        1e-5f,
        true,
        true,
        false,
        0,
        1,
        true);
  }

  /// Draws batches, each of pairs that a bucket would hold: both sides are between three quarters
  /// and the whole of its length.
  static List<List<Pair>> batches(int count, long seed) {
    RandomNumbers random = new RandomNumbers(seed);
    List<List<Pair>> batches = new ArrayList<>();
    for (int batch = 0; batch < count; batch++) {
      int longest = BUCKETS[batch % BUCKETS.length];
      List<Pair> pairs = new ArrayList<>();
      for (int i = 0; i < TOKENS / longest; i++) {
        pairs.add(new Pair(text(random, longest, i == 0), text(random, longest, i == 0)));
      }
      batches.add(pairs);
    }
    return batches;
  }

  private static int[] text(RandomNumbers random, int longest, boolean whole) {
    int length = (whole ? longest : longest - random.nextInt(longest / 4)) - 1;
    int[] ids = new int[length];
    for (int i = 0; i < length; i++) {
      double u = random.nextDouble();
      ids[i] = 2 + (int) (u * u * u * (VOCABULARY - 2));
    }
    return ids;
  }

  /// Writes batches as int32: B, S, T, the lengths of the sources, sources, inputs, targets.
  static void write(Path file, List<List<Pair>> batches) throws IOException {
    try (Workspace workspace = new Workspace("batches")) {
      List<int[]> parts = new ArrayList<>();
      for (List<Pair> pairs : batches) {
        TranslationBatch batch = TranslationBatch.of(workspace, config(), pairs);
        parts.add(
            new int[] {
              pairs.size(), batch.sources().shape().width(), batch.inputs().shape().width()
            });
        parts.add(batch.sourceLengths());
        parts.add(batch.sources().data().toArray(ValueLayout.JAVA_INT));
        parts.add(batch.inputs().data().toArray(ValueLayout.JAVA_INT));
        parts.add(batch.targets().data().toArray(ValueLayout.JAVA_INT));
      }
      int total = parts.stream().mapToInt(part -> part.length).sum();
      ByteBuffer bytes = ByteBuffer.allocate(4 * total).order(ByteOrder.LITTLE_ENDIAN);
      for (int[] part : parts) {
        bytes.asIntBuffer().put(part);
        bytes.position(bytes.position() + 4 * part.length);
      }
      Files.write(file, bytes.array());
    }
  }
}
