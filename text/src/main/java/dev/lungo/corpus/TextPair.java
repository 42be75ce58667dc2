package dev.lungo.corpus;

/// A text and its translation.
public record TextPair(String source, String target) {}
