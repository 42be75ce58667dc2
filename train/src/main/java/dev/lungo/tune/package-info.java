/// Fine-tuning: a trained model learns a task, or goes on with other text.
///
/// [ContextExtension] lets a model read longer texts, by a [ContextMethod] whose divisors
/// [LongRopeSearch] may find.
///
/// [LowRankAdapters] change a model by few numbers (LoRA). [ClassificationRun] makes a classifier
/// of any decoder-only model: [ClassificationData] reads labelled texts, a [Classifier] is the
/// model with a head over its pooled states, [ClassificationScores] say how good it is beside a
/// [ByteBaseline], and [ClassificationReport] shows it.
@NullMarked
package dev.lungo.tune;

import org.jspecify.annotations.NullMarked;
