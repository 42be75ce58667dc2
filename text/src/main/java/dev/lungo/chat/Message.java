package dev.lungo.chat;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What one side said.
///
/// @param role `system`, `user`, `assistant`, `tool`, or whatever else a template knows
/// @param toolCalls functions that the assistant asks to be called
/// @param others what templates may ask for besides, such as `name`, `tool_call_id` or
///   `reasoning_content`, as JSON has it
public record Message(
    String role, String content, List<ToolCall> toolCalls, Map<String, Object> others) {
  public Message {
    toolCalls = List.copyOf(toolCalls);
    others = Collections.unmodifiableMap(new LinkedHashMap<>(others));
  }

  /// Makes a message that only says something.
  public Message(String role, String content) {
    this(role, content, List.of(), Map.of());
  }

  public static Message system(String content) {
    return new Message("system", content);
  }

  public static Message user(String content) {
    return new Message("user", content);
  }

  public static Message assistant(String content) {
    return new Message("assistant", content);
  }
}
