/// One fuzz target for each reader of outside bytes: whatever the bytes are, it reads them or
/// refuses them as malformed, by name, and soon.
@NullMarked
package dev.lungo.fuzz;

import org.jspecify.annotations.NullMarked;
