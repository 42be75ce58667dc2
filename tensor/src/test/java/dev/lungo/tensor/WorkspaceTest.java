package dev.lungo.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

class WorkspaceTest {
  @Test
  void theSameShapesGiveTheSamePlacesAfterAReset() {
    try (Workspace workspace = new Workspace("test")) {
      long[] first = addresses(workspace);
      workspace.reset();
      assertThat(addresses(workspace)).containsExactly(first);
    }
  }

  private static long[] addresses(Workspace workspace) {
    long[] addresses = new long[5];
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = workspace.allocate(100_000 * (i + 1), 3).data().address();
    }
    return addresses;
  }

  @Test
  void useAfterAResetIsCaught() {
    try (Workspace workspace = new Workspace("activations")) {
      Tensor tensor = workspace.allocate(3);
      workspace.reset();
      assertThatIllegalStateException()
          .isThrownBy(tensor::data)
          .withMessageContaining("activations");
    }
  }

  @Test
  void useAfterCloseIsCaught() {
    Workspace workspace = new Workspace("activations");
    Tensor tensor = workspace.allocate(3);
    workspace.close();
    assertThatIllegalStateException().isThrownBy(tensor::data);
  }

  @Test
  void tensorsDoNotOverlapAndAreAligned() {
    try (Workspace workspace = new Workspace("test")) {
      Tensor a = workspace.allocate(7);
      Tensor b = workspace.allocate(3);
      a.fill(1);
      b.fill(2);
      assertThat(a.toFloats()).containsOnly(1);
      assertThat(a.data().address() % 64).isZero();
      assertThat(b.data().address() % 64).isZero();
    }
  }

  @Test
  void peakIsTheMostThatWasInUse() {
    try (Workspace workspace = new Workspace("test")) {
      workspace.allocate(1024, 1024);
      workspace.allocate(1024, 1024);
      workspace.reset();
      workspace.allocate(16);
      assertThat(workspace.usedBytes()).isEqualTo(64);
      assertThat(workspace.peakBytes()).isEqualTo(8L << 20);
    }
  }

  @Test
  void aViewSharesMemoryAndGradient() {
    try (Workspace workspace = new Workspace("test")) {
      Tensor matrix = workspace.zeros(Shape.of(2, 6)).requireGradient();
      Tensor view = matrix.view(3, 4);
      view.setGradient(workspace.zeros(Shape.of(3, 4)).fill(5));
      view.fill(1);
      assertThat(matrix.toFloats()).containsOnly(1);
      assertThat(matrix.gradient().orElseThrow().shape()).isEqualTo(Shape.of(2, 6));
      assertThat(matrix.gradient().orElseThrow().toFloats()).containsOnly(5);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> matrix.view(5))
          .withMessage("view: (2,6) has 12 elements, (5) has 5");
    }
  }

  @Test
  void rowsAreAPartOfTheMemory() {
    try (Workspace workspace = new Workspace("test")) {
      Tensor matrix = workspace.zeros(Shape.of(3, 2));
      matrix.rows(1, 2).set(7f, 8f);
      assertThat(matrix.toFloats()).containsExactly(0, 0, 7, 8, 0, 0);
      assertThatIllegalArgumentException().isThrownBy(() -> matrix.rows(2, 4));
    }
  }

  @Test
  void shapesRefuseEmptyDimensionsAndOverflow() {
    assertThatIllegalArgumentException().isThrownBy(() -> Shape.of(3, 0));
    assertThat(Shape.of(2, 3, 4).rows()).isEqualTo(6);
    assertThat(Shape.of(2, 3, 4).toString()).isEqualTo("(2,3,4)");
    assertThat(
            org.assertj.core.api.Assertions.catchThrowable(
                () -> Shape.of(1 << 30, 1 << 30, 1 << 30)))
        .isInstanceOf(ArithmeticException.class);
  }

  @Test
  void randomNumbersGoOnFromTheirState() {
    RandomNumbers random = new RandomNumbers(42);
    random.nextGaussian();
    RandomNumbers resumed = new RandomNumbers(random.state());
    assertThat(resumed.nextLong()).isEqualTo(random.nextLong());
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < 100_000; i++) {
      double x = random.nextGaussian();
      sum += x;
      squares += x * x;
    }
    assertThat(sum / 100_000).isBetween(-0.02, 0.02);
    assertThat(squares / 100_000).isBetween(0.98, 1.02);
  }
}
