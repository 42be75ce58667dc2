package dev.lungo.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class ConversationJsonTest {
  @TempDir private Path folder;

  private static Conversation parse(String json) {
    return ConversationJson.conversation(JsonMapper.builder().build().readTree(json));
  }

  @Test
  void whatIsWrittenIsReadAgain() throws IOException {
    Conversation conversation =
        parse(
            """
            {"messages": [
               {"role": "user", "content": "é \\n"},
               {"role": "assistant", "content": null, "reasoning_content": "hm",
                "tool_calls": [{"id": "1", "type": "function",
                                "function": {"name": "f", "arguments": "{\\"a\\": [1, 2.5, null]}"}}]},
               {"role": "tool", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                "tool_call_id": "1"}],
             "tools": [{"type": "function", "function": {"name": "f"}}]}\
            """);
    assertThat(conversation.messages().get(1).toolCalls().getFirst().name()).isEqualTo("f");
    assertThat(conversation.messages().get(1).others()).containsEntry("reasoning_content", "hm");
    assertThat(conversation.messages().get(2).content()).isEqualTo("ab");
    Path file = folder.resolve("chat.json");
    ConversationJson.write(file, conversation);
    assertThat(ConversationJson.read(file)).isEqualTo(conversation);
  }

  @Test
  void messageOrListOfMessagesWillDo() {
    Conversation one = parse("{\"role\": \"user\", \"content\": \"Hi\"}");
    assertThat(one.messages()).isEqualTo(List.of(Message.user("Hi")));
    assertThat(parse("[{\"role\": \"user\", \"content\": \"Hi\"}]")).isEqualTo(one);
  }

  @Test
  void toolsKeepTheirShape() {
    Conversation conversation =
        parse("{\"messages\": [], \"tools\": [{\"n\": 1, \"x\": 1.5, \"y\": [true]}]}");
    assertThat(conversation.tools())
        .isEqualTo(List.of(Map.of("n", 1L, "x", 1.5, "y", List.of(true))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1",
        "{}",
        "{\"messages\": {}}",
        "[1]",
        "[{\"content\": \"x\"}]",
        "[{\"role\": 1}]",
        "[{\"role\": \"user\", \"content\": 1}]",
        "[{\"role\": \"user\", \"content\": [{\"type\": \"image\"}]}]",
        "[{\"role\": \"assistant\", \"tool_calls\": [{}]}]",
        "[{\"role\": \"assistant\", \"tool_calls\": [{\"name\": \"f\", \"arguments\": \"{\"}]}]",
        "[{\"role\": \"assistant\", \"tool_calls\": [{\"name\": \"f\", \"arguments\": [1]}]}]",
        "{\"messages\": [], \"tools\": 1}",
        "{\"messages\": [], \"tools\": [1]}"
      })
  void otherJsonIsRefused(String json) throws IOException {
    assertThatThrownBy(() -> parse(json)).isInstanceOf(IllegalArgumentException.class);
    Path file = folder.resolve("chat.json");
    Files.writeString(file, json);
    assertThatThrownBy(() -> ConversationJson.read(file))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("chat.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[{\"role\": \"user\", \"role\": \"user\"}]", "[] 1x"})
  void damagedFilesAreReported(String json) throws IOException {
    Path file = folder.resolve("chat.json");
    Files.writeString(file, json);
    assertThatThrownBy(() -> ConversationJson.read(file))
        .isInstanceOf(MalformedFileException.class);
  }
}
