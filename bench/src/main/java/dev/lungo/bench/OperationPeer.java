package dev.lungo.bench;

/// A library that computes operations and their gradients, in our process.
public interface OperationPeer {
  /// Returns name and version.
  String name();

  /// Computes an operation and the gradients of Σ output · dOutput.
  ///
  /// @param inputs the values of the float inputs, row-major
  /// @param dOutput the weight of each output; repeated from its beginning if it is shorter
  OperationCase.Outcome compute(OperationCase one, float[][] inputs, float[] dOutput);
}
