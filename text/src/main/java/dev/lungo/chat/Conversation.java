package dev.lungo.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Messages in order, and the tools that the model may ask for.
///
/// @param tools descriptions of functions as JSON has them, most often JSON Schema
public record Conversation(List<Message> messages, List<Map<String, Object>> tools) {
  public Conversation {
    messages = List.copyOf(messages);
    tools = List.copyOf(tools);
  }

  public static Conversation of(Message... messages) {
    return new Conversation(List.of(messages), List.of());
  }

  public static Conversation of(List<Message> messages) {
    return new Conversation(messages, List.of());
  }

  /// Returns this conversation and one message more.
  public Conversation with(Message message) {
    List<Message> more = new ArrayList<>(messages);
    more.add(message);
    return new Conversation(more, tools);
  }
}
