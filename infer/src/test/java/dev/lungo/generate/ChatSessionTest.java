package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.chat.ChatTemplate;
import dev.lungo.chat.ChatTemplateException;
import dev.lungo.chat.ChatTemplateFiles;
import dev.lungo.chat.Conversation;
import dev.lungo.chat.Message;
import dev.lungo.generate.ChatAnswer.Finish;
import dev.lungo.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatSessionTest {
  @TempDir private Path folder;

  private static ChatSession open(Path model) throws IOException {
    return ChatSession.open(model, ChatTemplateFiles.find(model).orElseThrow(), List.of(), 4096, 1);
  }

  private static ChatSession.Settings greedy(int tokens) {
    return new ChatSession.Settings(Sampler.Settings.GREEDY, tokens, Map.of());
  }

  private static ChatAnswer answer(ChatSession session, int tokens, Message... messages) {
    return session.answer(Conversation.of(messages), greedy(tokens), piece -> {});
  }

  @Test
  void keptTokensMakeNoDifferenceToTheAnswer() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    Message[] first = {Message.system("Brief."), Message.user("Hello")};
    try (ChatSession session = open(model)) {
      ChatAnswer one = answer(session, 12, first);
      assertThat(one.reusedTokens()).isZero();
      Message[] next = {first[0], first[1], Message.assistant("Hi."), Message.user("And now?")};
      ChatAnswer two = answer(session, 12, next);
      assertThat(two.reusedTokens()).isGreaterThan(30).isLessThan(two.promptTokens());
      ChatAnswer again = answer(session, 12, next);
      assertThat(again.reusedTokens()).isEqualTo(two.promptTokens() - 1);
      ChatAnswer back = answer(session, 12, first);
      try (ChatSession fresh = open(model)) {
        ChatAnswer unaided = answer(fresh, 12, next);
        assertThat(unaided.reusedTokens()).isZero();
        assertThat(two.text()).isEqualTo(unaided.text()).isEqualTo(again.text());
      }
      assertThat(back.text()).isEqualTo(one.text());
    }
  }

  @Test
  void answerIsStreamedWhole() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    try (ChatSession session = open(model)) {
      List<String> pieces = new ArrayList<>();
      ChatAnswer answer =
          session.answer(Conversation.of(Message.user("Hi")), greedy(20), pieces::add);
      assertThat(String.join("", pieces)).isEqualTo(answer.text());
      assertThat(answer.tokens()).isEqualTo(20);
      assertThat(answer.finish()).isEqualTo(Finish.LENGTH);
    }
  }

  /// Half precision hardly moves a random model's logits: the same words, with half of the memory.
  @Test
  void answersFromKeysInHalfPrecisionAreTheSame() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    ChatTemplate template = ChatTemplateFiles.find(model).orElseThrow();
    try (ChatSession full = open(model);
        ChatSession half = ChatSession.open(model, template, List.of(), 4096, DType.FLOAT16, 1)) {
      ChatAnswer expected = answer(full, 20, Message.user("Hi"));
      assertThat(answer(half, 20, Message.user("Hi")).text()).isEqualTo(expected.text());
    }
    assertThatThrownBy(() -> ChatSession.open(model, template, List.of(), 4096, DType.INT32, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anyIdOfTheGenerationConfigurationEndsTheTurn() throws IOException {
    List<Integer> all = IntStream.range(0, 258).boxed().toList();
    Path model = ChatModels.create(folder, all);
    try (ChatSession session = open(model)) {
      ChatAnswer answer = answer(session, 20, Message.user("Hi"));
      assertThat(answer.finish()).isEqualTo(Finish.END_OF_TURN);
      assertThat(answer.text()).isEmpty();
      assertThat(answer.tokens()).isOne();
    }
  }

  @Test
  void markerAfterAnAnswerInTheTemplateEndsTheTurn() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    try (TextGeneration generation = TextGeneration.open(model, 1)) {
      var encoder = new dev.lungo.chat.ChatEncoder(generation.tokenizer());
      ChatTemplate special =
          ChatTemplate.parse("{% for m in messages %}{{ m.content }} \n<|im_start|>{% endfor %}");
      EndOfTurn own = EndOfTurn.of(model, generation.tokenizer(), special, encoder);
      assertThat(own.ids()).containsExactly(ChatModels.START, ChatModels.END);
      assertThat(own.texts()).isEmpty();
      ChatTemplate plain =
          ChatTemplate.parse(
              "{% for m in messages %}{{ m.role }}: {{ m.content }}\n### end\n{% endfor %}");
      EndOfTurn text = EndOfTurn.of(model, generation.tokenizer(), plain, encoder);
      assertThat(text.ids()).doesNotContain(ChatModels.START);
      assertThat(text.texts()).containsExactly("### end");
      ChatTemplate refusing = ChatTemplate.parse("{{ raise_exception('no') }}");
      assertThat(EndOfTurn.of(model, generation.tokenizer(), refusing, encoder).texts()).isEmpty();
    }
  }

  @Test
  void stopTextsEndTheTurn() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    ChatTemplate template = ChatTemplateFiles.find(model).orElseThrow();
    String whole;
    try (ChatSession session = open(model)) {
      whole = answer(session, 20, Message.user("Hi")).text();
    }
    String stop = whole.substring(whole.length() - 2);
    try (ChatSession session = ChatSession.open(model, template, List.of(stop), 4096, 1)) {
      ChatAnswer answer = answer(session, 20, Message.user("Hi"));
      assertThat(answer.finish()).isEqualTo(Finish.END_OF_TURN);
      assertThat(answer.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
    }
  }

  @Test
  void oldestTurnsAreForgottenWhereTheContextIsFull() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    try (ChatSession session = open(model)) {
      String longText = "x".repeat(80);
      ChatAnswer answer =
          answer(
              session,
              10,
              Message.system("S"),
              Message.user(longText),
              Message.assistant(longText),
              Message.user("Hi"));
      assertThat(answer.forgottenMessages()).isEqualTo(2);
      assertThat(answer.promptTokens()).isLessThan(100);
    }
  }

  @Test
  void answerEndsWhereTheContextIsFull() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    try (ChatSession session = open(model)) {
      ChatAnswer answer = answer(session, 100_000, Message.user("x".repeat(100)));
      assertThat(answer.finish()).isEqualTo(Finish.CONTEXT);
      assertThat(answer.promptTokens() + answer.tokens()).isEqualTo(ChatModels.CONTEXT + 1);
    }
  }

  @Test
  void messageThatCannotFitIsRefusedAndTheSessionGoesOn() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    try (ChatSession session = open(model)) {
      assertThatThrownBy(() -> answer(session, 10, Message.user("x".repeat(1000))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the context is 200 positions; shorten it");
      assertThat(answer(session, 5, Message.user("Hi")).tokens()).isEqualTo(5);
    }
  }

  @Test
  void interruptedAnswerKeepsWhatWasSaid() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    try (ChatSession session = open(model)) {
      Conversation conversation = Conversation.of(Message.user("Hi"));
      ChatAnswer whole = session.answer(conversation, greedy(60), piece -> {});
      ChatAnswer answer = session.answer(conversation, greedy(60), piece -> session.interrupt());
      assertThat(answer.finish()).isEqualTo(Finish.INTERRUPTED);
      assertThat(answer.tokens()).isLessThan(60);
      assertThat(whole.text()).startsWith(answer.text().replace("\uFFFD", ""));
      assertThat(session.answer(conversation, greedy(60), piece -> {}).text())
          .isEqualTo(whole.text());
    }
  }

  @Test
  void refusalOfTheTemplateReachesTheCaller() throws IOException {
    Path model = ChatModels.create(folder, List.of());
    ChatTemplate refusing =
        ChatTemplate.parse(
            "{% if messages|length > 1 %}{{ raise_exception('one only') }}{% endif %}x");
    try (ChatSession session = ChatSession.open(model, refusing, List.of(), 100, 1)) {
      assertThat(answer(session, 3, Message.user("Hi")).promptTokens()).isOne();
      assertThatThrownBy(() -> answer(session, 3, Message.user("a"), Message.user("b")))
          .isInstanceOf(ChatTemplateException.class)
          .hasMessageContaining("one only");
    }
  }
}
