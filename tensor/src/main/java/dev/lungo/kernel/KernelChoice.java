package dev.lungo.kernel;

import java.lang.System.Logger.Level;
import java.lang.reflect.InvocationTargetException;
import java.util.List;
import java.util.Optional;

/// Picks the implementation of the kernels.
///
/// The vector implementation is reached by reflection alone: it links against an incubator module
/// that may be absent, and everything has to run without it. Slowly, and never silently.
public final class KernelChoice {
  private static final System.Logger LOG = System.getLogger(KernelChoice.class.getName());
  private static final String VECTOR_MODULE = "jdk.incubator.vector";
  private static final String VECTOR_KERNELS = "dev.lungo.kernel.vector.VectorKernels";

  private KernelChoice() {}

  /// Names the implementations that [#open(String, int)] knows.
  public static List<String> names() {
    return List.of("vector", "scalar");
  }

  /// Opens the fastest kernels that run here, and warns with the reason and the remedy when those
  /// are the scalar ones.
  ///
  /// @param threads how many run a kernel, the caller included
  public static Kernels open(int threads) {
    Optional<String> obstacle = vectorObstacle();
    if (obstacle.isEmpty()) {
      return openVector(threads);
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
    return switch (name) {
      case "scalar" -> new ScalarKernels(threads);
      case "vector" -> {
        Optional<String> obstacle = vectorObstacle();
        if (obstacle.isPresent()) {
          throw new IllegalStateException("the vector kernels cannot run: " + obstacle.get());
        }
        yield openVector(threads);
      }
      default ->
          throw new IllegalArgumentException(
              "there are no kernels called '"
                  + name
                  + "'; choose one of "
                  + String.join(", ", names()));
    };
  }

  /// Says what keeps the vector kernels from running and how to fix it; empty when nothing does.
  public static Optional<String> vectorObstacle() {
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
    return ((Optional<?>) call("obstacle")).map(String.class::cast);
  }

  private static Kernels openVector(int threads) {
    return (Kernels) call("open", threads);
  }

  private static Object call(String method, Object... arguments) {
    Class<?>[] types = arguments.length == 0 ? new Class<?>[0] : new Class<?>[] {int.class};
    try {
      return Class.forName(VECTOR_KERNELS).getMethod(method, types).invoke(null, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException exception) {
        throw exception;
      }
      throw new IllegalStateException("the vector kernels failed to start", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the vector kernels are not what this version expects", e);
    }
  }
}
