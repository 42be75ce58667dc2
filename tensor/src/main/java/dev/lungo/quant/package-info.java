/// How weight files store numbers in fewer bits: each format packs a fixed number of them into a
/// block of bytes, as GGUF (llama.cpp) lays them out, little-endian.
///
/// One class a format: its layout, and how a block is decoded. Weights stay in their format in
/// memory; kernels decode what they are about to multiply.
@NullMarked
package dev.lungo.quant;

import org.jspecify.annotations.NullMarked;
