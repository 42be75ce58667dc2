package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.chat.ChatTemplateFiles;
import dev.lungo.chat.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatDialogueTest {
  private static final ChatSettings SETTINGS = new ChatSettings(0.9f, 0, 1, 0, 1, 64, 12, 5);

  @TempDir private Path folder;
  private ChatSession session;
  private ChatDialogue dialogue;
  private final List<String> notes = new ArrayList<>();
  private final List<ChatAnswer> answers = new ArrayList<>();

  private final class Record implements ChatDialogue.Screen {
    @Override
    public void piece(String text) {}

    @Override
    public void end(ChatAnswer answer) {
      answers.add(answer);
    }

    @Override
    public void note(String line) {
      notes.add(line);
    }
  }

  @BeforeEach
  void open() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    session =
        ChatSession.open(model, ChatTemplateFiles.find(model).orElseThrow(), List.of(), 4096, 1);
    dialogue = new ChatDialogue(session, SETTINGS, "Be brief.", Map.of(), new Record());
  }

  @AfterEach
  void close() {
    session.close();
  }

  private List<String> roles() {
    return dialogue.conversation().messages().stream().map(Message::role).toList();
  }

  @Test
  void everyMessageIsAnsweredAndRemembered() {
    assertThat(dialogue.accept("Hello")).isTrue();
    dialogue.accept("   ");
    dialogue.accept("//etc");
    assertThat(roles()).containsExactly("system", "user", "assistant", "user", "assistant");
    assertThat(dialogue.conversation().messages().get(3).content()).isEqualTo("/etc");
    assertThat(answers.get(1).reusedTokens()).isPositive();
  }

  @Test
  void regeneratingAnswersTheSameMessageAnew() {
    dialogue.accept("Hello");
    String first = answers.getFirst().text();
    dialogue.accept("/regenerate");
    assertThat(roles()).containsExactly("system", "user", "assistant");
    assertThat(answers.get(1).promptTokens()).isEqualTo(answers.getFirst().promptTokens());
    assertThat(answers.get(1).text()).isNotEqualTo(first);
    dialogue.accept("/clear");
    dialogue.accept("/regenerate");
    assertThat(notes).last().isEqualTo("there is nothing to answer anew");
    assertThat(roles()).containsExactly("system");
  }

  @Test
  void conversationsAreSavedAndLoaded() throws IOException {
    dialogue.accept("Hello");
    Path file = folder.resolve("my chat.json");
    dialogue.accept("/save " + file);
    var said = dialogue.conversation();
    dialogue.accept("/system Other.");
    assertThat(roles()).containsExactly("system");
    dialogue.accept("/load " + file);
    assertThat(dialogue.conversation()).isEqualTo(said);
    Files.writeString(file, "{");
    dialogue.accept("/load " + file);
    dialogue.accept("/load " + folder.resolve("none.json"));
    dialogue.accept("/save");
    assertThat(notes.get(3)).contains("my chat.json");
    assertThat(notes.get(4)).contains("none.json");
    assertThat(notes.get(5)).contains("name a file");
    assertThat(dialogue.conversation()).isEqualTo(said);
  }

  @Test
  void settingsAreChangedByNameAndChecked() {
    dialogue.accept("/set temperature 0");
    dialogue.accept("/set tokens=3");
    dialogue.accept("Hello");
    assertThat(answers.getFirst().tokens()).isEqualTo(3);
    assertThat(notes.get(1)).contains("temperature 0.0").contains("tokens 3");
    dialogue.accept("/set temperature hot");
    dialogue.accept("/set warmth 1");
    dialogue.accept("/set top-p 7");
    dialogue.accept("/set seed");
    assertThat(notes.get(2)).isEqualTo("temperature takes a number, not \"hot\"");
    assertThat(notes.get(3)).startsWith("there is no setting warmth; settings are temperature");
    assertThat(notes.get(4)).contains("top-p must be");
    assertThat(notes.get(5)).contains("a name and a value");
    dialogue.accept("/set");
    assertThat(notes.get(6)).isEqualTo(notes.get(1));
  }

  @Test
  void commandsAreNotSaidToTheModel() {
    assertThat(dialogue.accept("/help")).isTrue();
    assertThat(dialogue.accept("/nothing")).isTrue();
    assertThat(dialogue.accept("/system")).isTrue();
    assertThat(dialogue.accept("/exit")).isFalse();
    assertThat(answers).isEmpty();
    assertThat(notes).anyMatch(note -> note.startsWith("/regenerate"));
    assertThat(notes).contains("there is no command /nothing; /help lists them", "Be brief.");
  }

  @Test
  void whatCannotBeAnsweredIsNotKept() {
    dialogue.accept("x".repeat(1000));
    assertThat(notes).singleElement().asString().contains("shorten it");
    assertThat(roles()).containsExactly("system");
    assertThatThrownBy(() -> dialogue.say(Message.user("x".repeat(1000))))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(roles()).containsExactly("system");
  }
}
