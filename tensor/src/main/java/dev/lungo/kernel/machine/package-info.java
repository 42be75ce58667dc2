/// Kernels in machine code that is written while the program runs.
///
/// Processors multiply four pairs of bytes and add them up in one instruction, which neither Java's
/// language nor its Vector API can say; and some loops want every register in its place. A class
/// `…Code` emits one loop through [Assembler] and lists its arguments; [MachineFunction] calls it.
/// Where that cannot be done ([MachineKernels#obstacle]) the kernels in the Vector API run instead.
@NullMarked
package dev.lungo.kernel.machine;

import org.jspecify.annotations.NullMarked;
