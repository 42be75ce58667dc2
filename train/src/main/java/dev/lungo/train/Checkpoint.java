package dev.lungo.train;

import dev.lungo.file.MalformedFileException;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameters;
import dev.lungo.optim.Optimizer;
import dev.lungo.tensor.Tensor;
import dev.lungo.weights.Safetensors;
import dev.lungo.weights.SafetensorsWriter;
import dev.lungo.weights.SafetensorsWriter.Outgoing;
import dev.lungo.weights.StoredTensor;
import dev.lungo.weights.StoredType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/// Everything that a run needs to go on as if it had never stopped, in one safetensors file that is
/// replaced as a whole: parameters, the optimizers' moments, and how far the run is.
public final class Checkpoint {
  /// The file's name in a run's folder.
  public static final String FILE = "training-state.safetensors";

  /// How far a run is.
  ///
  /// @param step steps taken
  /// @param elapsedSeconds time they took
  /// @param totalSteps of the whole run, once they are known
  public record Position(long step, double elapsedSeconds, OptionalLong totalSteps) {}

  private Checkpoint() {}

  /// Saves a run.
  public static void save(
      Path file, Position position, LanguageModel model, List<Optimizer> optimizers)
      throws IOException {
    save(file, position, model.parameters(), optimizers);
  }

  /// Saves a run of any model.
  static void save(Path file, Position position, Parameters parameters, List<Optimizer> optimizers)
      throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("step", Long.toString(position.step()));
    metadata.put("elapsedSeconds", Double.toString(position.elapsedSeconds()));
    position.totalSteps().ifPresent(total -> metadata.put("totalSteps", Long.toString(total)));
    List<Outgoing> tensors = new ArrayList<>();
    tensors(parameters, optimizers)
        .forEach((name, tensor) ->
            tensors.add(Outgoing.of(name, StoredType.F32, dimensions(tensor), tensor.data())));
    SafetensorsWriter.write(file, metadata, tensors);
  }

  /// Restores a run.
  ///
  /// @throws MalformedFileException if the file is of another model or optimizer
  public static Position load(Path file, LanguageModel model, List<Optimizer> optimizers)
      throws IOException {
    return load(file, model.parameters(), optimizers);
  }

  static Position load(Path file, Parameters parameters, List<Optimizer> optimizers)
      throws IOException {
    try (Safetensors saved = Safetensors.open(file)) {
      for (Map.Entry<String, Tensor> entry : tensors(parameters, optimizers).entrySet()) {
        Tensor target = entry.getValue();
        StoredTensor source =
            saved
                .find(entry.getKey())
                .orElseThrow(
                    () -> malformed(file, entry.getKey(), "is missing: the run had another model"));
        if (source.elements() != target.elements()) {
          throw malformed(
              file,
              entry.getKey(),
              "has " + source.elements() + " numbers, the model " + target.elements());
        }
        source.readFloats(target.data());
      }
      return position(file, saved.metadata());
    }
  }

  /// Reads how far a saved run is.
  public static Position position(Path file) throws IOException {
    try (Safetensors saved = Safetensors.open(file)) {
      return position(file, saved.metadata());
    }
  }

  private static Position position(Path file, Map<String, String> metadata)
      throws MalformedFileException {
    try {
      String total = metadata.get("totalSteps");
      return new Position(
          Long.parseLong(metadata.getOrDefault("step", "missing")),
          Double.parseDouble(metadata.getOrDefault("elapsedSeconds", "missing")),
          total == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(total)));
    } catch (NumberFormatException wrong) {
      throw malformed(file, "metadata", String.valueOf(wrong.getMessage()));
    }
  }

  private static Map<String, Tensor> tensors(Parameters parameters, List<Optimizer> optimizers) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Parameter parameter : parameters.all()) {
      tensors.put(parameter.name(), parameter.tensor());
    }
    for (Optimizer optimizer : optimizers) {
      tensors.putAll(optimizer.state());
    }
    return tensors;
  }

  private static long[] dimensions(Tensor tensor) {
    long[] dimensions = new long[tensor.shape().rank()];
    for (int i = 0; i < dimensions.length; i++) {
      dimensions[i] = tensor.shape().dimension(i);
    }
    return dimensions;
  }

  private static MalformedFileException malformed(Path file, String field, String reason) {
    return new MalformedFileException(file.toString(), 0, field, reason);
  }
}
