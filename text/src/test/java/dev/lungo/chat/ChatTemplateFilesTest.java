package dev.lungo.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateFilesTest {
  @TempDir private Path folder;

  private static final String SHOW =
      "{{ bos_token }}|{{ eos_token }}|{{ unk_token }}|{{ messages[0].content }}";

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private String shown() throws IOException {
    return ChatTemplateFiles.find(folder)
        .orElseThrow()
        .render(Conversation.of(Message.user("Hi")))
        .text();
  }

  @Test
  void templateAndTokensComeFromTheTokenizersConfiguration() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "unk_token": null,
         "added_tokens_decoder": {"0": {"content": "<s>"}}, "chat_template": "%s"}\
        """
            .formatted(SHOW));
    assertThat(shown()).isEqualTo("<s>|</s>||Hi");
  }

  @Test
  void ownFileIsPreferredAndTheTokensMapFillsIn() throws IOException {
    write("tokenizer_config.json", "{\"bos_token\": \"<s>\", \"chat_template\": \"other\"}");
    write(
        "special_tokens_map.json", "{\"bos_token\": \"no\", \"unk_token\": {\"content\": \"?\"}}");
    write("chat_template.jinja", SHOW + "\n");
    assertThat(shown()).isEqualTo("<s>||?|Hi");
  }

  @Test
  void namedTemplatesAreFoundByName() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"chat_template": [{"name": "default", "template": "one"},
                           {"name": "tool_use", "template": "two"}]}\
        """);
    assertThat(shown()).isEqualTo("one");
    assertThat(ChatTemplateFiles.find(folder, "tool_use").orElseThrow().source()).isEqualTo("two");
    assertThat(ChatTemplateFiles.find(folder, "rag")).isEmpty();
    assertThat(ChatTemplateFiles.find(folder.resolve("model.bin")).orElseThrow().source())
        .isEqualTo("one");
  }

  @Test
  void folderWithoutTemplateHasNone() throws IOException {
    assertThat(ChatTemplateFiles.find(folder)).isEmpty();
    write("tokenizer_config.json", "{\"chat_template\": null}");
    assertThat(ChatTemplateFiles.find(folder)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{\"chat_template\": 1}",
        "{\"chat_template\": [{\"name\": \"default\"}]}",
        "{\"chat_template\": [1]}",
        "{\"chat_template\": \"{{\"}",
        "{\"chat_template\": \"a\", \"chat_template\": \"b\"}",
        "{\"chat_template\": \"a"
      })
  void malformedConfigurationIsReported(String json) throws IOException {
    write("tokenizer_config.json", json);
    assertThatThrownBy(() -> ChatTemplateFiles.find(folder))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("tokenizer_config.json");
  }

  @Test
  void malformedTemplateFileIsReportedWithItsPlace() throws IOException {
    write("chat_template.jinja", "a\n{% if %}");
    assertThatThrownBy(() -> ChatTemplateFiles.find(folder))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("chat_template.jinja")
        .hasMessageContaining("line 2, column 7");
  }

  @Test
  void ggufFilesCarryTheirTemplates() throws IOException {
    ByteArrayOutputStream gguf = new ByteArrayOutputStream();
    gguf.writeBytes("GGUF".getBytes(StandardCharsets.UTF_8));
    gguf.writeBytes(little(4, 3));
    gguf.writeBytes(little(8, 0));
    gguf.writeBytes(little(8, 4));
    text(gguf, "tokenizer.chat_template", SHOW);
    text(gguf, "tokenizer.chat_template.tool_use", "tools");
    string(gguf, "tokenizer.ggml.tokens");
    gguf.writeBytes(little(4, 9));
    gguf.writeBytes(little(4, 8));
    gguf.writeBytes(little(8, 2));
    string(gguf, "a");
    string(gguf, "<begin>");
    string(gguf, "tokenizer.ggml.bos_token_id");
    gguf.writeBytes(little(4, 4));
    gguf.writeBytes(little(4, 1));
    Path file = folder.resolve("model.gguf");
    Files.write(file, gguf.toByteArray());
    ChatTemplate template = ChatTemplateFiles.find(file).orElseThrow();
    assertThat(template.render(Conversation.of(Message.user("Hi"))).text())
        .isEqualTo("<begin>|||Hi");
    assertThat(ChatTemplateFiles.find(file, "tool_use").orElseThrow().source()).isEqualTo("tools");
    assertThat(ChatTemplateFiles.specialTokens(file)).containsEntry("bos_token", "<begin>");
  }

  private static void text(ByteArrayOutputStream out, String name, String value) {
    string(out, name);
    out.writeBytes(little(4, 8));
    string(out, value);
  }

  private static void string(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeBytes(little(8, bytes.length));
    out.writeBytes(bytes);
  }

  private static byte[] little(int bytes, long value) {
    ByteBuffer buffer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, value);
    return java.util.Arrays.copyOf(buffer.array(), bytes);
  }
}
