package dev.lungo.nn;

import dev.lungo.tensor.Tensor;

/// One learned tensor.
///
/// @param name its name in a Hugging Face checkpoint, as `model.layers.0.mlp.up_proj.weight`
/// @param tensor its value, which also holds its gradient if it is trainable
/// @param role what it is for
/// @param deviation the standard deviation of its first values, which have mean 0 (unused for
///   [Role#SCALE])
/// @param transposedInFile whether checkpoints hold the (out, in) matrix as (in, out), as GPT-2's
///   do
/// @param lessOneInFile whether Hugging Face checkpoints hold the factor less one, as Gemma's do
public record Parameter(
    String name,
    Tensor tensor,
    Role role,
    double deviation,
    boolean transposedInFile,
    boolean lessOneInFile) {
  /// What a parameter is for, which decides how it starts and how it is trained.
  public enum Role {
    /// The weight of a linear layer inside the model.
    MATRIX,
    /// A table of rows looked up by id or position.
    EMBEDDING,
    /// The projection to the vocabulary.
    HEAD,
    /// The factor of a norm; starts at 1.
    SCALE,
    /// Something added; starts at 0.
    BIAS
  }
}
