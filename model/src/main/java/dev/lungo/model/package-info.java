/// Language models, one file an architecture, each with its configuration beside it.
///
/// [LanguageModel] is what training and generation see; [Llama] with its family, [Gemma], [Gpt2]
/// and [Opt] are the Transformers, and [Recurrent] is what came before them. [RopeScaling] has the
/// formulas that stretch rotary positions. Parameters carry the names that Hugging Face checkpoints
/// give them, so that weights need no translation table.
@NullMarked
package dev.lungo.model;

import org.jspecify.annotations.NullMarked;
