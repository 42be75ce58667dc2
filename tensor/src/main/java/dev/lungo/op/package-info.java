/// Operations on tensors, one file a family: shape checks, the forward call, what is saved for the
/// backward pass (a record, so that memory stays visible), the backward call, and the plain formula
/// in float64 as its reference.
///
/// Every operation takes a [Pass] first: it says where results go, what computes them and, in
/// training, records them on a [Tape]. A new operation is a new file; nothing here lists them.
///
/// Backward steps **add** to the gradients of their inputs, because a tensor may feed several
/// operations.
@NullMarked
package dev.lungo.op;

import org.jspecify.annotations.NullMarked;
