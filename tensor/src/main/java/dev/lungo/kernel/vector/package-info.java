/// The kernels in the Vector API (JEP 508): the only package that imports `jdk.incubator.vector`.
///
/// Row-wise kernels here are bound by memory: they read and write each element once, with vectors
/// straight over [java.lang.foreign.MemorySegment]. [dev.lungo.kernel.KernelChoice] loads
/// [VectorKernels] by reflection, so that all else runs on a Java without the module.
@NullMarked
package dev.lungo.kernel.vector;

import org.jspecify.annotations.NullMarked;
