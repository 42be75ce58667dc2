package dev.lungo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KernelChoiceTest {
  @TempDir Path folder;

  /// What a run printed.
  private record Output(String out, String err) {}

  private Output java(Class<?> main, String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    Output output = new Output(Files.readString(out), Files.readString(err));
    assertThat(process.exitValue()).as(output.err()).isZero();
    return output;
  }

  @Test
  void theFastestKernelsThatRunHereAreChosen() {
    boolean machine = KernelChoice.obstacle("machine").isEmpty();
    try (Kernels kernels = KernelChoice.open(2)) {
      assertThat(kernels.description())
          .startsWith("Vector API, ")
          .contains("2 threads")
          .satisfies(text -> assertThat(text.contains("machine code")).isEqualTo(machine));
    }
    try (Kernels kernels = KernelChoice.open("vector", 2)) {
      assertThat(kernels.description()).startsWith("Vector API, ").endsWith("2 threads");
    }
    try (Kernels kernels = KernelChoice.open("scalar", 1)) {
      assertThat(kernels.description()).isEqualTo("scalar, 1 thread");
    }
  }

  @Test
  void withoutTheModuleTheScalarKernelsRunAndSayWhyAndWhatToDo() throws Exception {
    Output output = java(KernelBits.class);
    assertThat(output.out()).startsWith("scalar, 2 threads");
    assertThat(output.err())
        .contains("SLOW")
        .contains("start java with --add-modules jdk.incubator.vector");
  }

  @Test
  void withoutTheOptimizingCompilerTheScalarKernelsRunAndSaySo() throws Exception {
    Output output =
        java(KernelBits.class, "-XX:TieredStopAtLevel=1", "--add-modules", "jdk.incubator.vector");
    assertThat(output.out()).startsWith("scalar, 2 threads");
    assertThat(output.err()).contains("SLOW").contains("-XX:TieredStopAtLevel");
  }

  @Test
  void withTheModuleNothingIsWarnedOf() throws Exception {
    Output output = java(KernelBits.class, "--add-modules", "jdk.incubator.vector");
    assertThat(output.out()).startsWith("Vector API");
    assertThat(output.err()).doesNotContain("SLOW");
    // Which takes --enable-native-access.
    assertThat(output.out()).doesNotContain("machine code");
  }

  @Test
  void propertyChoosesTheKernels() throws Exception {
    Output output =
        java(KernelBits.class, "-Dlungo.kernels=vector", "--add-modules", "jdk.incubator.vector");
    assertThat(output.out()).startsWith("Vector API").doesNotContain("machine code");
  }

  @Test
  void unknownNamesAreRefusedWithTheKnownOnes() {
    assertThatThrownBy(() -> KernelChoice.open("gpu", 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there are no kernels called 'gpu'; choose one of machine, vector, scalar");
    assertThatThrownBy(() -> KernelChoice.open("vector", 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /// Interpreted and compiled code take different paths through the Vector API; a result must not
  /// tell which.
  @Test
  void theVectorKernelsGiveTheSameBitsInterpretedAndCompiled() throws Exception {
    long compiled = 0;
    try (Kernels kernels = KernelChoice.open("vector", 2)) {
      for (int round = 0; round < 2_000; round++) {
        compiled = KernelBits.of(kernels);
      }
    }
    Output interpreted =
        java(KernelBits.Vector.class, "-Xint", "--add-modules", "jdk.incubator.vector");
    assertThat(interpreted.out().strip()).isEqualTo(Long.toHexString(compiled));
  }
}
