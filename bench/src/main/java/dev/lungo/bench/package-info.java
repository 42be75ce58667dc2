/// Side-by-side runs against other projects: `./lungo bench`.
///
/// Every figure is a ratio from one run. [Rounds] measures ours and theirs in turns and takes
/// medians, [Report] prints the table and the JSON line. A peer that can share our process is a
/// service ([MatmulPeer], [EncoderPeer]); one that brings a runtime of its own runs in a child
/// process and obeys a line protocol ([Child]). The peers' code lives in `src/peers` and is
/// compiled only under the Maven profile `peers`: without it every benchmark still runs, with our
/// side alone.
@NullMarked
package dev.lungo.bench;

import org.jspecify.annotations.NullMarked;
