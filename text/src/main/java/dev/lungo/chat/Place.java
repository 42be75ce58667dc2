package dev.lungo.chat;

/// Where something stands in a template.
///
/// @param line from 1 on
/// @param column from 1 on, in UTF-16 units
record Place(int line, int column) {}
