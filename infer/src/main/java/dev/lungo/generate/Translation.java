package dev.lungo.generate;

/// A text that an encoder–decoder made of a source.
///
/// @param tokens how many ids it took, the end included
/// @param logProb log of its probability given the source
/// @param score log p / ((5 + length) / 6)^penalty
/// @param ended whether by its end, and not by the limit of its length
public record Translation(String text, int tokens, double logProb, double score, boolean ended) {}
