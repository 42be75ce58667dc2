package dev.lungo.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What Jinja2 3.1.6 printed, set up as Hugging Face's transformers sets it up.
class RecordedRenderingsTest {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final LocalDateTime NOW = LocalDateTime.of(2025, 3, 7, 14, 5, 9);

  private static String resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(RecordedRenderingsTest.class.getResourceAsStream(name))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static ChatTemplate.Settings settings(boolean answer, Map<String, Object> variables) {
    return new ChatTemplate.Settings(answer, variables, () -> NOW);
  }

  @TestFactory
  List<DynamicTest> expressionsAndBlocksPrintWhatJinjaPrints() throws IOException {
    JsonNode file = MAPPER.readTree(resource("expressions.json"));
    Object data = MAPPER.treeToValue(file.get("data"), Object.class);
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode one : file.get("cases")) {
      String source = one.get("template").asString();
      tests.add(
          DynamicTest.dynamicTest(
              source.replace('\n', ' '),
              () ->
                  assertThat(
                          ChatTemplate.parse(source)
                              .render(Conversation.of(), settings(false, Map.of("data", data)))
                              .text())
                      .isEqualTo(one.get("printed").asString())));
    }
    assertThat(tests).hasSizeGreaterThan(70);
    return tests;
  }

  @TestFactory
  List<DynamicTest> conversationsAreRenderedAsJinjaRendersThem() throws IOException {
    JsonNode file = MAPPER.readTree(resource("conversations.json"));
    Map<String, Conversation> conversations = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : file.get("conversations").properties()) {
      conversations.put(entry.getKey(), ConversationJson.conversation(entry.getValue()));
    }
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode one : file.get("cases")) {
      String name = one.get("template").asString();
      String conversation = one.get("conversation").asString();
      boolean answer = one.get("answer").asBoolean();
      tests.add(
          DynamicTest.dynamicTest(
              name + ", " + conversation + (answer ? ", to answer" : ""),
              () -> check(template(name), conversations.get(conversation), answer, one)));
    }
    assertThat(tests).hasSizeGreaterThan(50);
    return tests;
  }

  private static ChatTemplate template(String name) throws IOException {
    if (name.equals("qwen3")) {
      return ChatTemplateFiles.find(TestData.file("tokenizers/qwen3")).orElseThrow();
    }
    return ChatTemplate.parse(
        resource("templates/" + name), Map.of("bos_token", "<s>", "eos_token", "</s>"));
  }

  private static void check(
      ChatTemplate template, Conversation conversation, boolean answer, JsonNode expected) {
    if (expected.has("refused")) {
      assertThatThrownBy(() -> template.render(conversation, settings(answer, Map.of())))
          .isInstanceOf(ChatTemplateException.class)
          .hasMessageEndingWith("the template refuses: " + expected.get("refused").asString());
      return;
    }
    RenderedChat rendered = template.render(conversation, settings(answer, Map.of()));
    assertThat(rendered.text()).isEqualTo(expected.get("printed").asString());
  }
}
