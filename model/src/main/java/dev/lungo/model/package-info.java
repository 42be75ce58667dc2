/// Language models, one file an architecture, each with its configuration beside it.
///
/// [LanguageModel] is what training and generation see; [Llama] and [Gpt2] are the architectures.
/// Parameters carry the names that Hugging Face checkpoints give them, so that weights need no
/// translation table.
@NullMarked
package dev.lungo.model;

import org.jspecify.annotations.NullMarked;
