package dev.lungo.chat;

import dev.lungo.file.AtomicFiles;
import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Conversations as JSON, in the usual form: `{"messages":[{"role":"user","content":"Hi"}]}`.
///
/// `tools` may stand beside `messages`. A message's `content` is a string, null, or a list of parts
/// `{"type":"text","text":…}`; `tool_calls` are `{"id":…,"function":{"name":…,"arguments":{…}}}`,
/// with arguments as an object or as a string that holds one.
public final class ConversationJson {
  private static final long LONGEST_FILE = 1L << 26;
  private static final int DEEPEST = 64;
  private static final int LONGEST_STRING = 1 << 24;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxDocumentLength(LONGEST_FILE)
                          .maxStringLength(LONGEST_STRING)
                          .maxNestingDepth(DEEPEST)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .build();

  private ConversationJson() {}

  /// Reads a file.
  ///
  /// @throws MalformedFileException if it holds no conversation
  public static Conversation read(Path file) throws IOException {
    long length = Files.size(file);
    if (length > LONGEST_FILE) {
      throw new MalformedFileException(
          file.toString(), 0, "length", length + " bytes; at most " + LONGEST_FILE + " are read");
    }
    try {
      return conversation(MAPPER.readTree(Files.readAllBytes(file)));
    } catch (JacksonException e) {
      long offset = e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getByteOffset());
      throw new MalformedFileException(file.toString(), offset, "JSON", e.getOriginalMessage());
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(
          file.toString(), 0, "conversation", String.valueOf(e.getMessage()));
    }
  }

  /// Writes a file that [#read] understands.
  public static void write(Path file, Conversation conversation) throws IOException {
    AtomicFiles.writeString(
        file,
        MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(values(conversation)) + "\n");
  }

  /// Returns the conversation as maps and lists, for a writer of JSON.
  public static Map<String, Object> values(Conversation conversation) {
    Map<String, Object> values = new LinkedHashMap<>();
    List<Object> messages = new ArrayList<>();
    for (Message message : conversation.messages()) {
      messages.add(values(message));
    }
    values.put("messages", messages);
    if (!conversation.tools().isEmpty()) {
      values.put("tools", conversation.tools());
    }
    return values;
  }

  private static Map<String, Object> values(Message message) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("role", message.role());
    values.put("content", message.content());
    List<Object> calls = new ArrayList<>();
    for (ToolCall call : message.toolCalls()) {
      Map<String, Object> one = new LinkedHashMap<>();
      if (!call.id().isEmpty()) {
        one.put("id", call.id());
      }
      one.put("type", "function");
      one.put("function", Map.of("name", call.name(), "arguments", call.arguments()));
      calls.add(one);
    }
    if (!calls.isEmpty()) {
      values.put("tool_calls", calls);
    }
    values.putAll(message.others());
    return values;
  }

  /// Understands a conversation, a list of messages, or one message.
  ///
  /// @throws IllegalArgumentException if it is none of these
  public static Conversation conversation(JsonNode node) {
    if (node.isObject() && node.has("role")) {
      return Conversation.of(message(node, "the message"));
    }
    JsonNode list = node.isObject() ? node.path("messages") : node;
    if (!list.isArray()) {
      throw new IllegalArgumentException(
          "expected {\"messages\":[…]}, a list of messages, or a message {\"role\":…,\"content\":…}");
    }
    List<Message> messages = new ArrayList<>();
    for (JsonNode one : list) {
      messages.add(message(one, "message " + (messages.size() + 1)));
    }
    List<Map<String, Object>> tools = new ArrayList<>();
    JsonNode described = node.path("tools");
    if (node.isObject() && described.isArray()) {
      for (JsonNode tool : described) {
        tools.add(object(tool, "tool " + (tools.size() + 1)));
      }
    } else if (node.isObject() && node.has("tools") && !described.isNull()) {
      throw new IllegalArgumentException("tools must be a list");
    }
    return new Conversation(messages, tools);
  }

  private static Message message(JsonNode node, String what) {
    if (!node.isObject() || !node.path("role").isString()) {
      throw new IllegalArgumentException(what + " must be an object with a role");
    }
    Map<String, Object> others = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      Object value = plain(field.getValue());
      boolean own = List.of("role", "content", "tool_calls").contains(field.getKey());
      if (!own && value != null) {
        others.put(field.getKey(), value);
      }
    }
    List<ToolCall> calls = new ArrayList<>();
    for (JsonNode call : node.path("tool_calls")) {
      calls.add(toolCall(call, what));
    }
    return new Message(
        node.path("role").stringValue(), content(node.path("content"), what), calls, others);
  }

  private static String content(JsonNode content, String what) {
    if (content.isString()) {
      return content.stringValue();
    }
    if (content.isNull() || content.isMissingNode()) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    for (JsonNode part : content) {
      if (!content.isArray() || !part.path("text").isString()) {
        throw new IllegalArgumentException(
            what + ": content must be a string, or a list of {\"type\":\"text\",\"text\":…}");
      }
      text.append(part.path("text").stringValue());
    }
    if (!content.isArray()) {
      throw new IllegalArgumentException(what + ": content must be a string");
    }
    return text.toString();
  }

  private static ToolCall toolCall(JsonNode node, String what) {
    JsonNode function = node.has("function") ? node.path("function") : node;
    if (!function.path("name").isString()) {
      throw new IllegalArgumentException(what + ": a tool call needs the name of a function");
    }
    JsonNode arguments = function.path("arguments");
    if (arguments.isString()) {
      try {
        arguments = MAPPER.readTree(arguments.stringValue());
      } catch (JacksonException e) {
        throw new IllegalArgumentException(
            what + ": a tool call's arguments are no JSON: " + e.getOriginalMessage());
      }
    }
    Map<String, Object> values =
        arguments.isMissingNode() || arguments.isNull()
            ? Map.of()
            : object(arguments, what + ": a tool call's arguments");
    return new ToolCall(node.path("id").asString(""), function.path("name").stringValue(), values);
  }

  private static Map<String, Object> object(JsonNode node, String what) {
    if (plain(node) instanceof Map<?, ?> map && node.isObject()) {
      Map<String, Object> object = new LinkedHashMap<>();
      map.forEach((name, value) -> object.put(String.valueOf(name), value));
      return object;
    }
    throw new IllegalArgumentException(what + " must be an object");
  }

  /// Returns strings, numbers, truths, lists, maps, or null.
  private static @Nullable Object plain(JsonNode node) {
    if (node.isObject()) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        map.put(field.getKey(), plain(field.getValue()));
      }
      return map;
    }
    if (node.isArray()) {
      List<@Nullable Object> list = new ArrayList<>();
      for (JsonNode element : node) {
        list.add(plain(element));
      }
      return list;
    }
    if (node.isNumber()) {
      return node.canConvertToExactIntegral() && node.isIntegralNumber() && node.canConvertToLong()
          ? (Object) node.longValue()
          : (Object) node.doubleValue();
    }
    return node.isBoolean() ? (Object) node.booleanValue() : node.isNull() ? null : node.asString();
  }
}
