/// Tensors: typed, shaped views of off-heap memory.
///
/// A [Tensor] is a [Shape] and a [DType] over memory that a [Workspace] owns. A workspace hands
/// memory out in the order of the calls and takes it back all at once, so that a training step
/// leaves no garbage and the same shapes always lie at the same places.
///
/// The letters used for dimensions in all of Lungo: **B** batch, **T** positions in a sequence,
/// **C** model width, **H** heads, **D** head dimension, **F** feed-forward width, **V**
/// vocabulary, **N** rows of any kind.
@NullMarked
package dev.lungo.tensor;

import org.jspecify.annotations.NullMarked;
