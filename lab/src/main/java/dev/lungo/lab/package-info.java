/// Experiments: each trains or computes, measures, and says what was expected beside what came out.
///
/// An experiment is one file and returns a [LabReport], which a terminal prints and a page shows.
@NullMarked
package dev.lungo.lab;

import org.jspecify.annotations.NullMarked;
