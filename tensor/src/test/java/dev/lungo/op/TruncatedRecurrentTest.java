package dev.lungo.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.op.Recurrent.State;
import dev.lungo.op.Recurrent.States;
import dev.lungo.op.Recurrent.Weights;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Truncation cuts gradients and nothing else: the state goes on.
final class TruncatedRecurrentTest {
  private static final int STEPS = 6;
  private static final int PIECE = 3;
  private static final int BATCH = 2;
  private static final int WIDTH = 5;

  private final RandomNumbers random = new RandomNumbers(3);

  private Tensor normal(Workspace memory, int... shape) {
    Tensor tensor = memory.allocate(Shape.of(shape), DType.FLOAT32);
    random.fillNormal(tensor, 0.5);
    tensor.requireGradient().setGradient(memory.zeros(tensor.shape()));
    return tensor;
  }

  @ParameterizedTest
  @EnumSource(Cell.class)
  void gradientsEqualThoseOfTheLastPiece(Cell cell) {
    try (Kernels kernels = KernelChoice.open(1);
        Workspace memory = new Workspace("test")) {
      int rows = cell.gates() * WIDTH;
      Weights weights =
          new Weights(
              normal(memory, rows, WIDTH),
              normal(memory, rows, WIDTH),
              normal(memory, rows),
              cell == Cell.GRU ? Optional.of(normal(memory, WIDTH)) : Optional.empty());
      Tensor x = normal(memory, STEPS, BATCH, WIDTH);
      Tensor dLast = normal(memory, PIECE, BATCH, WIDTH);
      Tensor dAll = memory.zeros(x.shape());
      dAll.rows(PIECE, STEPS).set(dLast.toFloats());

      Pass whole = Pass.training(kernels, memory);
      States all = Recurrent.recurrent(whole, cell, x, weights, Optional.empty(), PIECE);
      float[] states = all.hidden().toFloats();
      whole.backward(all.hidden(), dAll);
      float[] dx = x.gradient().orElseThrow().toFloats();
      float[] dHidden = weights.hidden().gradient().orElseThrow().toFloats();

      weights.hidden().gradient().orElseThrow().fill(0);
      Pass inference = Pass.inference(kernels, memory);
      State middle =
          Recurrent.recurrent(inference, cell, x.rows(0, PIECE), weights, Optional.empty()).last();
      Tensor rest =
          memory
              .allocate(Shape.of(PIECE, BATCH, WIDTH), DType.FLOAT32)
              .set(x.rows(PIECE, STEPS).toFloats())
              .requireGradient();
      rest.setGradient(memory.zeros(rest.shape()));
      Pass piece = Pass.training(kernels, memory);
      States last = Recurrent.recurrent(piece, cell, rest, weights, Optional.of(middle));
      assertThat(last.hidden().toFloats())
          .isEqualTo(Arrays.copyOfRange(states, states.length / 2, states.length));
      piece.backward(last.hidden(), dLast);

      assertThat(Arrays.copyOf(dx, dx.length / 2)).containsOnly(0f);
      assertThat(Arrays.copyOfRange(dx, dx.length / 2, dx.length))
          .isEqualTo(rest.gradient().orElseThrow().toFloats());
      float[] expected = weights.hidden().gradient().orElseThrow().toFloats();
      for (int i = 0; i < expected.length; i++) {
        assertThat(dHidden[i]).isCloseTo(expected[i], within(1e-5f));
      }
    }
  }
}
