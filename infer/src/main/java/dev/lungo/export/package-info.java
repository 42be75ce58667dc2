/// Models on their way out: as a GGUF file for llama.cpp and its relatives, or as a folder in
/// Hugging Face layout.
///
/// [ModelExport] opens a model of any format that Lungo reads and writes it with its tokenizer; the
/// formats themselves are in [dev.lungo.quant] and [dev.lungo.weights].
@NullMarked
package dev.lungo.export;

import org.jspecify.annotations.NullMarked;
