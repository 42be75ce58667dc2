package dev.lungo.chat;

import java.util.Map;

/// A function that a model asks to be called.
///
/// @param id by which the answer refers to it; empty where there is none
/// @param arguments by name, as JSON has them: strings, numbers, truths, lists, maps with string
///   keys
public record ToolCall(String id, String name, Map<String, Object> arguments) {}
