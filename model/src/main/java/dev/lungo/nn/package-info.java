/// What models are built of beyond single operations: named parameters, the key/value cache,
/// self-attention with or without it. Layers only compose operations of `dev.lungo.op`.
@NullMarked
package dev.lungo.nn;

import org.jspecify.annotations.NullMarked;
