/// Pre-training: from a corpus to a model that other tools can open.
///
/// [TrainingRun] is the whole way: corpus, tokenizer, token shards, model, loop, report.
/// [TrainingStep] is one step of the loop, [Evaluation] measures held-out text, [Checkpoint] makes
/// a run resumable bit by bit.
@NullMarked
package dev.lungo.train;

import org.jspecify.annotations.NullMarked;
