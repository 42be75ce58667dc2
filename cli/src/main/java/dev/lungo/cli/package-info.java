/// The command line: one class per command, no logic.
///
/// [LungoCommand] is the program. It looks the first word up in [Commands], makes that one command
/// and lets picocli parse the rest, so that a start pays for one command's classes only. A command
/// reads its options, hands them to the library and prints what comes back through [Console]:
///
/// - results go to standard output, logs and progress to standard error;
/// - the exit status is 0, 1 (it failed) or 2 (it was asked wrongly: an [IllegalArgumentException]
///   from anywhere);
/// - an error is one line that says what was wrong and what to do; `--stacktrace` or
///   `LUNGO_DEBUG=1` shows the rest;
/// - with `--json` the last line of standard output is one JSON object.
@NullMarked
package dev.lungo.cli;

import org.jspecify.annotations.NullMarked;
