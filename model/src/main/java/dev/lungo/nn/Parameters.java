package dev.lungo.nn;

import dev.lungo.nn.Parameter.Role;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// The parameters of a model, in the order they were declared, with the memory that holds them.
public final class Parameters implements AutoCloseable {
  private final Workspace workspace = new Workspace("parameters");
  private final boolean trainable;
  private final Optional<StoredWeights> stored;
  private final List<Parameter> all = new ArrayList<>();

  /// Starts an empty set.
  ///
  /// @param trainable whether parameters get memory for gradients
  public Parameters(boolean trainable) {
    this.trainable = trainable;
    stored = Optional.empty();
  }

  /// Starts an empty set of parameters that are used where and as they are stored.
  public Parameters(StoredWeights stored) {
    trainable = false;
    this.stored = Optional.of(stored);
  }

  /// Declares the (out, in) weight of a linear layer.
  public Tensor matrix(String name, int out, int in, double deviation) {
    return add(name, Shape.of(out, in), Role.MATRIX, deviation, false, false);
  }

  /// Declares the (out, in) weight of a linear layer that checkpoints hold as (in, out).
  public Tensor matrixTransposedInFile(String name, int out, int in, double deviation) {
    return add(name, Shape.of(out, in), Role.MATRIX, deviation, true, false);
  }

  /// Declares a table of `entries` rows.
  public Tensor embedding(String name, int entries, int width, double deviation) {
    return add(name, Shape.of(entries, width), Role.EMBEDDING, deviation, false, false);
  }

  /// Declares the (V, C) projection to the vocabulary.
  public Tensor head(String name, int vocabulary, int width, double deviation) {
    return add(name, Shape.of(vocabulary, width), Role.HEAD, deviation, false, false);
  }

  /// Declares the factor of a norm.
  public Tensor scale(String name, int width) {
    return add(name, Shape.of(width), Role.SCALE, 0, false, false);
  }

  /// Declares the factor of a norm that Hugging Face checkpoints hold less one.
  public Tensor scaleLessOneInFile(String name, int width) {
    return add(name, Shape.of(width), Role.SCALE, 0, false, true);
  }

  /// Declares something that is added.
  public Tensor bias(String name, int width) {
    return add(name, Shape.of(width), Role.BIAS, 0, false, false);
  }

  private Tensor add(
      String name,
      Shape shape,
      Role role,
      double deviation,
      boolean transposedInFile,
      boolean lessOneInFile) {
    Tensor tensor =
        stored.isPresent()
            ? stored.get().tensor(workspace, name, shape, !transposedInFile && !lessOneInFile)
            : workspace.allocate(shape, DType.FLOAT32);
    if (trainable) {
      tensor.requireGradient().setGradient(workspace.zeros(shape));
    }
    all.add(new Parameter(name, tensor, role, deviation, transposedInFile, lessOneInFile));
    return tensor;
  }

  /// Returns the parameters in the order they were declared.
  public List<Parameter> all() {
    return Collections.unmodifiableList(all);
  }

  /// Checks that parameters that are used where they are stored are still there: before they are.
  ///
  /// @throws IllegalStateException if their file was cut
  public void requireWhole() {
    stored.ifPresent(StoredWeights::requireWhole);
  }

  /// Returns how many numbers are learned.
  public long count() {
    long sum = 0;
    for (Parameter parameter : all) {
      sum += parameter.tensor().elements();
    }
    return sum;
  }

  /// Gives every parameter its first value.
  public void initialize(RandomNumbers random) {
    for (Parameter parameter : all) {
      switch (parameter.role()) {
        case SCALE -> parameter.tensor().fill(1);
        case BIAS -> parameter.tensor().fill(0);
        case MATRIX, EMBEDDING, HEAD ->
            random.fillNormal(parameter.tensor(), parameter.deviation());
      }
    }
  }

  /// Sets every gradient to zero.
  public void zeroGradients() {
    for (Parameter parameter : all) {
      parameter.tensor().gradient().ifPresent(gradient -> gradient.data().fill((byte) 0));
    }
  }

  /// Returns the bytes of values and gradients.
  public long bytes() {
    return workspace.usedBytes();
  }

  @Override
  public void close() {
    workspace.close();
    stored.ifPresent(StoredWeights::close);
  }
}
