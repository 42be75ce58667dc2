package dev.lungo.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.model.LanguageModel;
import dev.lungo.optim.AdamW;
import dev.lungo.optim.Optimizer;
import dev.lungo.train.Checkpoint;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/// Restores a run.
final class CheckpointFuzzTest {
  // Made once: what a checkpoint is read into outlives a refusal.
  private static final LanguageModel MODEL = LanguageModel.create(Seeds.CONFIG, true);
  private static final List<Optimizer> OPTIMIZERS =
      List.of(
          new AdamW(KernelChoice.open(1))
              .add(MODEL.parameters().all(), new AdamW.Settings(0.001, 0.9, 0.95, 1e-8, 0.1)));

  static Stream<byte[]> seeds() {
    return Stream.of(Seeds.checkpoint(MODEL, OPTIMIZERS));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "5s")
  void checkpoint(byte[] bytes) throws IOException {
    Reading.of(
        "training-state.safetensors", bytes, file -> Checkpoint.load(file, MODEL, OPTIMIZERS));
  }
}
