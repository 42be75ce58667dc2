package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChatInputTest {
  private static List<String> messages(String... lines) {
    ChatInput input = new ChatInput();
    List<String> messages = new ArrayList<>();
    for (String line : lines) {
      input.accept(line).ifPresent(messages::add);
    }
    input.end().ifPresent(rest -> messages.add("open:" + rest));
    return messages;
  }

  @Test
  void everyLineIsMessage() {
    assertThat(messages("a", "", "b c")).containsExactly("a", "", "b c");
  }

  @Test
  void backslashAtTheEndGoesOn() {
    assertThat(messages("a\\", "b\\", "c", "d")).containsExactly("a\nb\nc", "d");
  }

  @Test
  void quotesHoldSeveralLines() {
    assertThat(messages("\"\"\"", "a", "", " b\\", "\"\"\"", "c"))
        .containsExactly("a\n\n b\\", "c");
    assertThat(messages("\"\"\"a", "b\"\"\"  ")).containsExactly("a\nb");
    assertThat(messages("  \"\"\"a\"\"\"")).containsExactly("a");
    assertThat(messages("\"\"\"", "\"\"\"")).containsExactly("");
    assertThat(messages("say \"\"\" x")).containsExactly("say \"\"\" x");
  }

  @Test
  void endGivesWhatIsOpen() {
    assertThat(messages("a\\", "b\\")).containsExactly("open:a\nb\n");
    assertThat(messages("\"\"\"", "a")).containsExactly("open:a\n");
    ChatInput input = new ChatInput();
    input.accept("\"\"\"x");
    assertThat(input.isOpen()).isTrue();
    input.reset();
    assertThat(input.isOpen()).isFalse();
    assertThat(input.accept("y")).contains("y");
  }
}
