package dev.lungo.chat;

import dev.lungo.chat.Value.Dict;
import dev.lungo.chat.Value.Items;
import dev.lungo.chat.Value.None;
import dev.lungo.chat.Value.Real;
import dev.lungo.chat.Value.Whole;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Turns conversations into the text that a model was trained on: a program in a part of Jinja,
/// parsed once. Immutable and safe for any number of threads.
///
/// Blocks are trimmed as `trim_blocks` and `lstrip_blocks` say, since templates are written for
/// that. A template sees `messages`, `tools`, `documents`, `add_generation_prompt`, the special
/// tokens by their roles (`bos_token`), and what [Settings] adds.
public final class ChatTemplate {
  private static final int LONGEST_SOURCE = 1 << 20;
  private static final int DEEPEST_DATA = 64;

  /// The format that most fine-tuned models without one of their own understand.
  public static final String CHATML =
      """
      {% for message in messages %}
      {{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
      {%- endfor %}
      {% if add_generation_prompt %}
      {{- '<|im_start|>assistant\\n' }}
      {%- endif %}
      """;

  /// How to render.
  ///
  /// @param generationPrompt whether to end with the beginning of the assistant's next message
  /// @param variables what the template sees besides, such as `enable_thinking`: strings, numbers,
  ///   truths, lists, maps with string keys
  /// @param clock asked for the time where the template asks
  public record Settings(
      boolean generationPrompt, Map<String, Object> variables, Supplier<LocalDateTime> clock) {
    /// Renders for the assistant to answer.
    public static final Settings TO_ANSWER =
        new Settings(true, Map.of(), () -> LocalDateTime.now());

    /// Renders what was said.
    public static final Settings AS_SAID = new Settings(false, Map.of(), () -> LocalDateTime.now());
  }

  private final String source;
  private final Map<String, String> specialTokens;
  private final List<Statement> statements;

  private ChatTemplate(String source, Map<String, String> specialTokens) {
    if (source.length() > LONGEST_SOURCE) {
      throw new ChatTemplateException(
          1,
          1,
          source.length() + " characters are too many; at most " + LONGEST_SOURCE + " are read");
    }
    this.source = source;
    this.specialTokens = Map.copyOf(specialTokens);
    this.statements = StatementParser.parse(source);
  }

  /// Parses a template.
  ///
  /// @throws ChatTemplateException if it is wrong, or uses what chat templates have no use for
  public static ChatTemplate parse(String source) {
    return new ChatTemplate(source, Map.of());
  }

  /// Parses a template that may write special tokens by their roles.
  ///
  /// @param specialTokens such as `bos_token`: `<s>`
  /// @throws ChatTemplateException if it is wrong, or uses what chat templates have no use for
  public static ChatTemplate parse(String source, Map<String, String> specialTokens) {
    return new ChatTemplate(source, specialTokens);
  }

  /// Returns the template's text.
  public String source() {
    return source;
  }

  /// Returns the tokens that the template sees by their roles.
  public Map<String, String> specialTokens() {
    return specialTokens;
  }

  /// Renders a conversation for the assistant to answer.
  ///
  /// @throws ChatTemplateException if the template fails, refuses the conversation, or costs too
  ///   much
  public RenderedChat render(Conversation conversation) {
    return render(conversation, Settings.TO_ANSWER);
  }

  /// Renders a conversation.
  ///
  /// @throws ChatTemplateException if the template fails, refuses the conversation, or costs too
  ///   much
  public RenderedChat render(Conversation conversation, Settings settings) {
    Rendering rendering = Rendering.of(new Budget());
    try {
      Map<String, Value> variables =
          new LinkedHashMap<>(Globals.all(rendering.budget(), settings.clock()));
      specialTokens.forEach((role, token) -> variables.put(role, Text.ofTemplate(token)));
      variables.put("messages", messages(conversation.messages()));
      variables.put(
          "tools", conversation.tools().isEmpty() ? None.NONE : data(conversation.tools(), 0));
      variables.put("documents", None.NONE);
      variables.put("add_generation_prompt", Value.of(settings.generationPrompt));
      settings.variables.forEach((name, value) -> variables.put(name, data(value, 0)));
      Text text = new Interpreter(rendering).run(statements, Interpreter.scope(variables));
      return new RenderedChat(text.segments());
    } catch (Refusal refusal) {
      throw refusal.at(new Place(1, 1));
    }
  }

  private static Value messages(List<Message> messages) {
    List<Value> list = new ArrayList<>(messages.size());
    for (Message message : messages) {
      Map<Value, Value> map = new LinkedHashMap<>();
      map.put(Text.ofData("role"), Text.ofData(message.role()));
      map.put(Text.ofData("content"), Text.ofData(message.content()));
      if (!message.toolCalls().isEmpty()) {
        map.put(Text.ofData("tool_calls"), toolCalls(message.toolCalls()));
      }
      message.others().forEach((name, value) -> map.put(Text.ofData(name), data(value, 0)));
      list.add(new Dict(map));
    }
    return new Items(list);
  }

  private static Value toolCalls(List<ToolCall> calls) {
    List<Value> list = new ArrayList<>(calls.size());
    for (ToolCall call : calls) {
      Map<Value, Value> function = new LinkedHashMap<>();
      function.put(Text.ofData("name"), Text.ofData(call.name()));
      function.put(Text.ofData("arguments"), data(call.arguments(), 0));
      Map<Value, Value> map = new LinkedHashMap<>();
      if (!call.id().isEmpty()) {
        map.put(Text.ofData("id"), Text.ofData(call.id()));
      }
      map.put(Text.ofData("type"), Text.ofData("function"));
      map.put(Text.ofData("function"), new Dict(function));
      list.add(new Dict(map));
    }
    return new Items(list);
  }

  /// Converts what JSON holds; all its strings are data.
  private static Value data(@Nullable Object value, int depth) {
    if (depth > DEEPEST_DATA) {
      throw new Refusal("the conversation's data nests deeper than " + DEEPEST_DATA + " levels");
    }
    return switch (value) {
      case null -> None.NONE;
      case String text -> Text.ofData(text);
      case Boolean truth -> Value.of(truth);
      case Integer number -> new Whole(number);
      case Long number -> new Whole(number);
      case Number number -> new Real(number.doubleValue());
      case List<?> list -> {
        List<Value> items = new ArrayList<>(list.size());
        for (Object item : list) {
          items.add(data(item, depth + 1));
        }
        yield new Items(items);
      }
      case Map<?, ?> map -> {
        Map<Value, Value> entries = new LinkedHashMap<>();
        map.forEach(
            (key, inner) -> entries.put(Text.ofData(String.valueOf(key)), data(inner, depth + 1)));
        yield new Dict(entries);
      }
      default ->
          throw new IllegalArgumentException(
              "a template sees strings, numbers, truths, lists and maps, but not a "
                  + value.getClass().getName());
    };
  }
}
