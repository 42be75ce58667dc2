/// Generation: feeding a model its own words.
///
/// [Generator] runs the model over a key/value cache; [Sampler] chooses each next id from the
/// logits; [StopStrings] ends the text where it should end.
@NullMarked
package dev.lungo.generate;

import org.jspecify.annotations.NullMarked;
