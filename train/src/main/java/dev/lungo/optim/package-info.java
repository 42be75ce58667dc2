/// Optimizers and learning-rate schedules.
///
/// [AdamW] trains what is looked up, scaled or added; [Muon] trains the matrices between. An
/// optimizer owns its moments, names them for checkpoints, and reads gradients where parameters
/// hold them.
@NullMarked
package dev.lungo.optim;

import org.jspecify.annotations.NullMarked;
