/// Products with stored weights in machine code that is written while the program runs.
///
/// Processors multiply four pairs of bytes and add them up in one instruction, which neither Java's
/// language nor its Vector API can say. [Assembler] writes the few instructions that the loops
/// need, [MachineFunction] calls them. Where that cannot be done ([MachineKernels#obstacle]) the
/// kernels in the Vector API run instead.
@NullMarked
package dev.lungo.kernel.machine;

import org.jspecify.annotations.NullMarked;
