package dev.lungo.model;

import static dev.lungo.op.Add.add;

import dev.lungo.nn.Parameters;
import dev.lungo.nn.Sinusoids;
import dev.lungo.op.Embedding;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.Optional;

/// The positions that a model adds to its embeddings, where its [PositionScheme] adds any.
final class AddedPositions implements AutoCloseable {
  private final PositionScheme scheme;
  private final int context;
  private final int width;
  private final Optional<Tensor> learned;
  private final Workspace workspace = new Workspace("sinusoidal positions");
  private Optional<Tensor> sinusoids = Optional.empty();

  /// Declares the table if it is learned.
  ///
  /// @param name of the table in checkpoints
  AddedPositions(
      PositionScheme scheme,
      Parameters parameters,
      String name,
      int context,
      int width,
      double deviation) {
    this.scheme = scheme;
    this.context = context;
    this.width = width;
    learned =
        scheme == PositionScheme.LEARNED
            ? Optional.of(parameters.embedding(name, context, width, deviation))
            : Optional.empty();
  }

  /// Returns the vectors of positions start to start + length - 1.
  ///
  /// @return (T, C), or nothing where the scheme adds nothing
  Optional<Tensor> vectors(Pass pass, int start, int length) {
    return switch (scheme) {
      case ROPE, ALIBI, NONE -> Optional.empty();
      case SINUSOIDAL -> Optional.of(sinusoids(start + length).rows(start, start + length));
      case LEARNED ->
          Optional.of(Embedding.embedding(pass, ids(pass, start, length), learned.orElseThrow()));
    };
  }

  /// Adds the vectors of positions start, start + 1, … to (B, T, C).
  Tensor addTo(Pass pass, Tensor x, int start) {
    Optional<Tensor> vectors = vectors(pass, start, x.shape().dimension(1));
    return vectors.isPresent() ? add(pass, x, vectors.get()) : x;
  }

  private static Tensor ids(Pass pass, int start, int length) {
    int[] positions = new int[length];
    for (int i = 0; i < length; i++) {
      positions[i] = start + i;
    }
    return pass.workspace().allocate(Shape.of(length), DType.INT32).set(positions);
  }

  /// Returns a table of at least `positions` rows, made as far as it is needed.
  private synchronized Tensor sinusoids(int positions) {
    if (sinusoids.isEmpty() || sinusoids.get().shape().dimension(0) < positions) {
      int rows = sinusoids.map(table -> 2 * table.shape().dimension(0)).orElse(0);
      int more = Math.min(context, Math.max(positions, rows));
      sinusoids = Optional.of(workspace.allocate(more, width).set(Sinusoids.table(more, width)));
    }
    return sinusoids.get();
  }

  @Override
  public void close() {
    workspace.close();
  }
}
