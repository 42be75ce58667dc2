package dev.lungo.kernel;

import java.lang.System.Logger.Level;
import java.lang.reflect.InvocationTargetException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Picks the implementation of the kernels.
///
/// The fast implementations are reached by reflection alone: one links against an incubator module
/// that may be absent, another against the system's own functions, and everything has to run
/// without them. Slowly, and never silently.
public final class KernelChoice {
  /// The property of the JVM that names the kernels to use instead of the fastest.
  public static final String PROPERTY = "lungo.kernels";

  private static final System.Logger LOG = System.getLogger(KernelChoice.class.getName());
  private static final String VECTOR_MODULE = "jdk.incubator.vector";
  private static final String VECTOR_KERNELS = "dev.lungo.kernel.vector.VectorKernels";
  private static final String MACHINE_KERNELS = "dev.lungo.kernel.machine.MachineKernels";

  private KernelChoice() {}

  /// Names the implementations that [#open(String, int)] knows, the fastest first.
  public static List<String> names() {
    return List.of("machine", "vector", "scalar");
  }

  /// Opens the fastest kernels that run here, or those that [#PROPERTY] names, and warns with the
  /// reason and the remedy when the fastest are the scalar ones.
  ///
  /// @param threads how many run a kernel, the caller included
  public static Kernels open(int threads) {
    String chosen = System.getProperty(PROPERTY);
    if (chosen != null) {
      return open(chosen, threads);
    }
    Optional<String> obstacle = vectorObstacle();
    if (obstacle.isEmpty()) {
      return open(machineObstacle().isEmpty() ? "machine" : "vector", threads);
    }
    LOG.log(
        Level.WARNING,
        "SLOW: running on the scalar kernels, many times slower than the vector ones, because "
            + obstacle.get());
    return new ScalarKernels(threads);
  }

  /// Opens the kernels called `name`, one of [#names].
  ///
  /// @throws IllegalArgumentException if there are none of that name
  /// @throws IllegalStateException if they cannot run here; the message says why
  public static Kernels open(String name, int threads) {
    Optional<String> obstacle = obstacle(name);
    if (obstacle.isPresent()) {
      throw new IllegalStateException("the " + name + " kernels cannot run: " + obstacle.get());
    }
    if (name.equals("scalar")) {
      return new ScalarKernels(threads);
    }
    Kernels vector = (Kernels) call(VECTOR_KERNELS, "open", int.class, threads);
    return name.equals("vector")
        ? vector
        : (Kernels) call(MACHINE_KERNELS, "over", Kernels.class, vector);
  }

  /// Says what keeps the kernels called `name` from running and how to fix it; empty when nothing
  /// does.
  ///
  /// @throws IllegalArgumentException if there are none of that name
  public static Optional<String> obstacle(String name) {
    return switch (name) {
      case "machine" -> vectorObstacle().or(KernelChoice::machineObstacle);
      case "vector" -> vectorObstacle();
      case "scalar" -> Optional.empty();
      default ->
          throw new IllegalArgumentException(
              "there are no kernels called '"
                  + name
                  + "'; choose one of "
                  + String.join(", ", names()));
    };
  }

  /// Says what keeps the vector kernels from running and how to fix it; empty when nothing does.
  private static Optional<String> vectorObstacle() {
    if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
      return Optional.of(
          "the module "
              + VECTOR_MODULE
              + " is not loaded; start java with --add-modules "
              + VECTOR_MODULE);
    }
    String mode = System.getProperty("java.vm.info", "");
    if (mode.contains("interpreted") || mode.contains("emulated-client")) {
      return Optional.of(
          "this Java virtual machine runs without its optimizing compiler ("
              + mode
              + "); start java without -Xint and without -XX:TieredStopAtLevel");
    }
    return obstacleOf(VECTOR_KERNELS);
  }

  private static Optional<String> machineObstacle() {
    return obstacleOf(MACHINE_KERNELS);
  }

  private static Optional<String> obstacleOf(String kernels) {
    return ((Optional<?>) call(kernels, "obstacle", null, null)).map(String.class::cast);
  }

  private static Object call(
      String kernels, String method, @Nullable Class<?> type, @Nullable Object argument) {
    Class<?>[] types = type == null ? new Class<?>[0] : new Class<?>[] {type};
    Object[] arguments = type == null ? new Object[0] : new Object[] {argument};
    try {
      return Class.forName(kernels).getMethod(method, types).invoke(null, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException exception) {
        throw exception;
      }
      throw new IllegalStateException(kernels + " failed to start", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(kernels + " is not what this version expects", e);
    }
  }
}
