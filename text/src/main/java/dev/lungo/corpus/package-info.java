/// Corpora: where the text for training comes from, and the token shards it becomes.
///
/// [Corpus] opens a text file, a folder, an archive or a table as a stream of [Document]s, always
/// in the same order, and never holds more than a part of it in memory. A [Split] sets documents
/// aside for validation. [CorpusTokenizer] turns a stream into a [TokenShard]: a file of ids with a
/// header and a checksum, read through a memory map.
@NullMarked
package dev.lungo.corpus;

import org.jspecify.annotations.NullMarked;
