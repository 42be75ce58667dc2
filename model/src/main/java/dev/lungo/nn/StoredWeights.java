package dev.lungo.nn;

import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;

/// A file of parameters that are used where they lie, in the number format that they are stored in.
public interface StoredWeights extends AutoCloseable {
  /// Returns the parameter of this name.
  ///
  /// @param workspace gives it its lifetime
  /// @param name its name in a Hugging Face checkpoint
  /// @param shape what the model needs
  /// @param asDeclared whether such a checkpoint holds it in this shape and with these values
  /// @throws java.io.UncheckedIOException if the file has none of this name and shape
  Tensor tensor(Workspace workspace, String name, Shape shape, boolean asDeclared);

  /// Checks that the file is still as long as it was: before much is read of it.
  ///
  /// @throws IllegalStateException if it was cut
  void requireWhole();

  /// Gives the file back; its parameters become invalid.
  @Override
  void close();
}
