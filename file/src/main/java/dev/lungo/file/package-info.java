/// Reading outside bytes safely and replacing files atomically.
///
/// Every parser of outside bytes throws [MalformedFileException], which names file, offset and
/// field; every file that Lungo writes goes through [AtomicFiles], so that a crash leaves the old
/// file or the new one, never half of one. [GgufHeader] is here because tokenizers and models,
/// which know nothing of each other, both come in that format.
@NullMarked
package dev.lungo.file;

import org.jspecify.annotations.NullMarked;
