/// Reading outside bytes safely and replacing files atomically.
///
/// Every parser of outside bytes throws [MalformedFileException], which names file, offset and
/// field; every file that Lungo writes goes through [AtomicFiles], so that a crash leaves the old
/// file or the new one, never half of one.
@NullMarked
package dev.lungo.file;

import org.jspecify.annotations.NullMarked;
