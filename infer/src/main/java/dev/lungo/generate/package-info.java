/// Generation: feeding a model its own words.
///
/// [Generator] runs the model over a key/value cache; a sampler chooses each next id from the logits.
@NullMarked
package dev.lungo.generate;

import org.jspecify.annotations.NullMarked;
