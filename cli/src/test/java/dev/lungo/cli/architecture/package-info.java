/// Checks which package knows which. The packages below `wrong` break every rule on purpose.
@NullMarked
package dev.lungo.cli.architecture;

import org.jspecify.annotations.NullMarked;
