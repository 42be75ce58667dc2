/// The peers: code that calls other projects. Compiled only under the Maven profile `peers`.
@NullMarked
package dev.lungo.bench.peer;

import org.jspecify.annotations.NullMarked;
