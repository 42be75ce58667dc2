package dev.lungo.lab;

/// Something that theory or a paper says, beside what was measured here.
///
/// @param what is claimed
/// @param expected with its source, such as a paper
/// @param measured with its unit
/// @param agrees whether the measurement bears the claim out
public record Finding(String what, String expected, String measured, boolean agrees) {}
