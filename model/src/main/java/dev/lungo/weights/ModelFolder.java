package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.ParameterCount;
import dev.lungo.model.RecurrentConfig;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameter.Role;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.weights.SafetensorsWriter.Outgoing;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A model in Hugging Face layout: a folder with `config.json` and `model.safetensors`.
public final class ModelFolder {
  private static final String WEIGHTS = "model.safetensors";

  /// What GPT-2 checkpoints of the language model call the Transformer; those of the bare
  /// Transformer leave it out.
  private static final String GPT2_PREFIX = "transformer.";

  private ModelFolder() {}

  /// Opens a model to use it: what is stored in 16 bits stays where and as it is, except in
  /// recurrent networks, whose kernels know float32 alone.
  ///
  /// @throws MalformedFileException if the weights are not those that the configuration asks for
  static LanguageModel open(Path folder) throws IOException {
    ModelConfig config = ModelConfigJson.read(folder);
    if (config instanceof RecurrentConfig) {
      return load(folder, false);
    }
    FolderWeights weights = new FolderWeights(Safetensors.open(folder));
    try {
      checkSize(folder, config, weights.saved());
    } catch (IOException | RuntimeException failed) {
      weights.close();
      throw failed;
    }
    LanguageModel model = LanguageModel.open(config, weights);
    readAll(folder, config, weights.saved(), model);
    return model;
  }

  /// Reads a model's numbers as float32.
  ///
  /// @param trainable whether parameters get memory for gradients
  /// @throws MalformedFileException if the weights are not those that the configuration asks for
  public static LanguageModel load(Path folder, boolean trainable) throws IOException {
    ModelConfig config = ModelConfigJson.read(folder);
    try (Safetensors saved = Safetensors.open(folder)) {
      checkSize(folder, config, saved);
      LanguageModel model = LanguageModel.create(config, trainable);
      readAll(folder, config, saved, model);
      return model;
    }
  }

  /// Reads every parameter that has memory of its own. Closes the model if it fails.
  private static void readAll(
      Path folder, ModelConfig config, Safetensors saved, LanguageModel model) throws IOException {
    try {
      Set<String> used = new HashSet<>();
      for (Parameter parameter : model.parameters().all()) {
        if (parameter.tensor().type() == DType.FLOAT32) {
          read(folder, saved, parameter).ifPresent(used::add);
        } else {
          find(saved, parameter.name()).map(StoredTensor::name).ifPresent(used::add);
        }
      }
      checkAllUsed(saved, config, used);
    } catch (IOException | RuntimeException failed) {
      model.close();
      throw failed;
    }
  }

  /// Refuses a configuration whose parameters are far more than the file holds before memory is
  /// taken for them.
  private static void checkSize(Path folder, ModelConfig config, Safetensors saved)
      throws MalformedFileException {
    long stored = 0;
    for (StoredTensor tensor : saved.tensors()) {
      stored += tensor.elements();
    }
    ParameterCount count = ParameterCount.of(config);
    long expected = count.total() - count.vectors();
    if (stored < expected) {
      throw new MalformedFileException(
          folder.resolve(WEIGHTS).toString(),
          0,
          "tensors",
          "hold " + stored + " numbers, but config.json asks for at least " + expected);
    }
  }

  /// Refuses tensors that the model has no use for, because with them it would be another one.
  /// Masks and angles that some files keep can be computed, and a tied head is the embedding table.
  private static void checkAllUsed(Safetensors saved, ModelConfig config, Set<String> used)
      throws MalformedFileException {
    for (StoredTensor tensor : saved.tensors()) {
      String name = tensor.name();
      boolean computed =
          name.endsWith(".rotary_emb.inv_freq")
              || name.endsWith(".attn.bias")
              || name.endsWith(".attn.masked_bias")
              || (config.tiedEmbeddings() && name.equals("lm_head.weight"));
      if (!used.contains(name) && !computed) {
        throw new MalformedFileException(
            tensor.file().toString(),
            tensor.offset(),
            name,
            "is not part of the model that config.json describes");
      }
    }
  }

  /// Reads a parameter and returns the name of the tensor that it came from, if there is one.
  static Optional<String> read(Path folder, Safetensors saved, Parameter parameter)
      throws IOException {
    Tensor target = parameter.tensor();
    StoredTensor source = find(saved, parameter.name()).orElse(null);
    if (source == null) {
      boolean mayLack = parameter.role() == Role.BIAS && parameter.name().startsWith(GPT2_PREFIX);
      if (!mayLack) {
        throw new MalformedFileException(
            folder.resolve(WEIGHTS).toString(), 0, parameter.name(), "is missing");
      }
      // GPT-2s trained without some of their biases leave them out.
      target.fill(0);
      return Optional.empty();
    }
    long[] expected = fileShape(parameter);
    if (!Arrays.equals(source.shape(), expected)) {
      throw new MalformedFileException(
          source.file().toString(),
          source.offset(),
          parameter.name(),
          "has the shape "
              + Arrays.toString(source.shape())
              + ", but config.json asks for "
              + Arrays.toString(expected));
    }
    try {
      source.readFloats(target.data());
    } catch (IllegalArgumentException unreadable) {
      throw new MalformedFileException(
          source.file().toString(),
          source.offset(),
          parameter.name(),
          String.valueOf(unreadable.getMessage()));
    } catch (InternalError cut) {
      // What the JVM throws when the pages of a mapped file are gone.
      throw new MalformedFileException(
          source.file().toString(),
          source.offset(),
          parameter.name(),
          "cannot be read any more: the file was cut while it was open");
    }
    if (parameter.transposedInFile()) {
      transpose(target);
    }
    if (parameter.lessOneInFile()) {
      target.set(plus(target.toFloats(), 1));
    }
    return Optional.of(source.name());
  }

  /// Finds the tensor of a parameter.
  static Optional<StoredTensor> find(Safetensors saved, String name) {
    Optional<StoredTensor> found = saved.find(name);
    if (found.isEmpty() && name.startsWith(GPT2_PREFIX)) {
      return saved.find(name.substring(GPT2_PREFIX.length()));
    }
    return found;
  }

  private static long[] fileShape(Parameter parameter) {
    Shape shape = parameter.tensor().shape();
    if (shape.rank() == 1) {
      return new long[] {shape.dimension(0)};
    }
    return parameter.transposedInFile()
        ? new long[] {shape.dimension(1), shape.dimension(0)}
        : new long[] {shape.dimension(0), shape.dimension(1)};
  }

  /// Turns the (in, out) numbers that a tensor holds into the (out, in) that its shape says.
  private static void transpose(Tensor tensor) {
    int out = tensor.shape().dimension(0);
    int in = tensor.shape().dimension(1);
    try (Workspace scratch = new Workspace("transpose")) {
      Tensor copy = scratch.allocate(in, out).copyFrom(tensor);
      for (int i = 0; i < in; i++) {
        for (int o = 0; o < out; o++) {
          float value = copy.data().getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * out + o);
          tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, (long) o * in + i, value);
        }
      }
    }
  }

  /// Writes a model, so that other tools open it. Each file is replaced as a whole, the weights
  /// last.
  public static void save(Path folder, LanguageModel model, SpecialTokenIds ids)
      throws IOException {
    Files.createDirectories(folder);
    ModelConfigJson.write(folder, model.config(), ids);
    List<Outgoing> tensors = new ArrayList<>();
    for (Parameter parameter : model.parameters().all()) {
      tensors.add(outgoing(parameter));
    }
    SafetensorsWriter.write(folder.resolve(WEIGHTS), Map.of("format", "pt"), tensors);
  }

  static Outgoing outgoing(Parameter parameter) {
    Tensor tensor = parameter.tensor();
    Shape shape = tensor.shape();
    if (parameter.transposedInFile()) {
      return Outgoing.transposed(
          parameter.name(), shape.dimension(0), shape.dimension(1), tensor.data());
    }
    MemorySegment data =
        parameter.lessOneInFile()
            ? MemorySegment.ofArray(plus(tensor.toFloats(), -1))
            : tensor.data();
    return Outgoing.of(parameter.name(), StoredType.F32, fileShape(parameter), data);
  }

  private static float[] plus(float[] values, float added) {
    for (int i = 0; i < values.length; i++) {
      values[i] += added;
    }
    return values;
  }
}
