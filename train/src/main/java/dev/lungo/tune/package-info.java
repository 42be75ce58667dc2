/// Fine-tuning: a trained model learns a task, or goes on with other text.
///
/// [ContextExtension] lets a model read longer texts, by a [ContextMethod] whose divisors
/// [LongRopeSearch] may find.
@NullMarked
package dev.lungo.tune;

import org.jspecify.annotations.NullMarked;
