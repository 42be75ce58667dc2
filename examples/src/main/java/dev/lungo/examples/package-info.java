/// Small programs that use Lungo as a library, to read and to copy from.
///
/// [TrainTiny] trains a model in code, [LookInside] shows what a model computes on the way to its
/// next token, and [GenerateText] lets a model continue a text. `examples/run NAME` starts one.
@NullMarked
package dev.lungo.examples;

import org.jspecify.annotations.NullMarked;
