/// Weight files and the descriptions beside them.
///
/// A model on disk is a folder in Hugging Face layout. [Safetensors] opens its weights, in one file
/// or in shards, and hands out slices of memory-mapped bytes without copying; [SafetensorsWriter]
/// streams them back. [ModelConfigJson] turns `config.json` into the sizes that
/// [dev.lungo.model.ModelConfig] holds, and back.
///
/// These files come from strangers. Each parser bounds what it allocates by what is left in the
/// file, and reports what it refuses as [dev.lungo.file.MalformedFileException], with file, offset
/// and field.
@NullMarked
package dev.lungo.weights;

import org.jspecify.annotations.NullMarked;
