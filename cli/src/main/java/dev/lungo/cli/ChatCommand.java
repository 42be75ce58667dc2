package dev.lungo.cli;

import dev.lungo.chat.ChatTemplate;
import dev.lungo.chat.ChatTemplateFiles;
import dev.lungo.chat.Conversation;
import dev.lungo.chat.ConversationJson;
import dev.lungo.chat.Message;
import dev.lungo.generate.ChatAnswer;
import dev.lungo.generate.ChatDialogue;
import dev.lungo.generate.ChatSession;
import dev.lungo.generate.ChatSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Holds a conversation with a model.
@Command(
    name = "chat",
    description = {
      "Talk with a model that was trained for conversations.",
      "In the chat, /help lists the commands. From a pipe, each line is a message."
    },
    sortOptions = false)
final class ChatCommand implements Callable<Integer> {
  private static final String CHATML = "chatml";

  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();
  @Mixin private final SeedOption seed = new SeedOption();

  @Parameters(
      paramLabel = "MODEL",
      description = "Folder of a model, a GGUF file, a llama2.c .bin, or hf:OWNER/NAME as pulled.",
      converter = ModelPath.class)
  private Path model;

  @Option(
      names = {"-s", "--system"},
      paramLabel = "TEXT",
      description = "What the model is told first.",
      defaultValue = "")
  private String system;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "Say this, print the answer, and end.")
  private Optional<String> prompt = Optional.empty();

  @Option(
      names = "--template",
      paramLabel = "FILE|chatml",
      description = "Chat template to use instead of the model's own.")
  private Optional<String> template = Optional.empty();

  @Option(
      names = "--variable",
      paramLabel = "NAME=VALUE",
      description =
          "Something that the template asks for, such as enable_thinking=false; may be given more than once.")
  private Map<String, String> variables = new LinkedHashMap<>();

  @Option(
      names = "--context",
      paramLabel = "N",
      description =
          "Most tokens to remember; the cache is reserved for them (default: ${DEFAULT-VALUE}, or the model's own if that is less).",
      defaultValue = "4096")
  private int context;

  @Mixin private final CacheOption cache = new CacheOption();

  @Option(
      names = {"-n", "--tokens"},
      paramLabel = "N",
      description = "Most tokens of an answer (default: ${DEFAULT-VALUE}).",
      defaultValue = "1024")
  private int tokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 always takes the likeliest token (default: ${DEFAULT-VALUE}).",
      defaultValue = "0.7")
  private float temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Choose among the K likeliest tokens; 0 for all (default: ${DEFAULT-VALUE}).",
      defaultValue = "40")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "Choose among the likeliest tokens that reach P together (default: ${DEFAULT-VALUE}).",
      defaultValue = "0.95")
  private float topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description =
          "Drop tokens less likely than P times the likeliest (default: ${DEFAULT-VALUE}).",
      defaultValue = "0")
  private float minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "R",
      description =
          "Make tokens that just appeared less likely; 1 does nothing (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private float repetitionPenalty;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End answers where this text would come, too; may be given more than once.")
  private List<String> stops = new ArrayList<>();

  @Option(
      names = "--json-lines",
      description = "Read one JSON message or conversation a line, print one JSON answer a line.")
  private boolean jsonLines;

  /// The `--json` result of a chat: what was said.
  record Result(int answers, Object conversation) {}

  /// An answer under `--json-lines`.
  record LineResult(
      Map<String, Object> message,
      int promptTokens,
      int reusedTokens,
      int forgottenMessages,
      int tokens,
      ChatAnswer.Finish finish,
      double promptSeconds,
      double tokensPerSecond) {
    static LineResult of(ChatAnswer answer) {
      Map<String, Object> message = new LinkedHashMap<>();
      message.put("role", "assistant");
      message.put("content", answer.text());
      return new LineResult(
          message,
          answer.promptTokens(),
          answer.reusedTokens(),
          answer.forgottenMessages(),
          answer.tokens(),
          answer.finish(),
          answer.promptSeconds(),
          answer.tokensPerSecond());
    }
  }

  @Override
  public Integer call() throws IOException {
    ChatSettings settings =
        new ChatSettings(
            temperature, topK, topP, minP, repetitionPenalty, 64, tokens, seed.value());
    try (ChatSession session =
        ChatSession.open(model, template(), stops, context, cache.type(), threads.count())) {
      if (jsonLines) {
        answerLines(session, settings);
      } else {
        talk(session, settings);
      }
    }
    return 0;
  }

  private ChatTemplate template() throws IOException {
    if (!Files.exists(model)) {
      throw new NoSuchFileException(model.toString());
    }
    if (template.isEmpty()) {
      return ChatTemplateFiles.find(model)
          .orElseThrow(() ->
              new IllegalArgumentException(
                  model
                      + " has no chat template (no chat_template.jinja, no chat_template in tokenizer_config.json or in a GGUF's metadata), so it was perhaps not trained for conversations; name one with --template FILE or --template chatml, or let the model continue texts with ./lungo generate"));
    }
    Map<String, String> specialTokens = ChatTemplateFiles.specialTokens(model);
    return template.get().equals(CHATML)
        ? ChatTemplate.parse(ChatTemplate.CHATML, specialTokens)
        : ChatTemplateFiles.read(Path.of(template.get()), specialTokens);
  }

  private Map<String, Object> variables() {
    Map<String, Object> values = new LinkedHashMap<>();
    variables.forEach((name, value) ->
        values.put(
            name,
            switch (value) {
              case "true" -> true;
              case "false" -> false;
              default -> value;
            }));
    return values;
  }

  private void talk(ChatSession session, ChatSettings settings) throws IOException {
    ChatDialogue dialogue =
        new ChatDialogue(session, settings, system, variables(), new ConsoleScreen());
    boolean person = StandardStreams.inIsTerminal() && prompt.isEmpty();
    if (person) {
      console.log("/help lists commands, Ctrl-C stops an answer, Ctrl-D ends");
    }
    if (prompt.isPresent()) {
      dialogue.say(Message.user(prompt.get()));
    } else {
      try (ChatLines lines =
          person ? new ChatTerminal(session::interrupt) : new ChatLines.Plain(System.in)) {
        Optional<String> message = lines.next();
        while (message.isPresent() && dialogue.accept(message.get())) {
          message = lines.next();
        }
      }
    }
    console.result(
        new Result(dialogue.answers(), ConversationJson.values(dialogue.conversation())));
  }

  /// A message goes on with what was said on the lines before; a conversation stands for itself.
  private void answerLines(ChatSession session, ChatSettings settings) throws IOException {
    ChatDialogue dialogue =
        new ChatDialogue(session, settings, system, variables(), new SilentScreen());
    JsonLines.each(
        "standard input",
        System.in,
        value -> {
          Conversation conversation = ConversationJson.conversation(value);
          if (conversation.messages().isEmpty()) {
            throw new IllegalArgumentException("there is no message to answer");
          }
          ChatAnswer answer =
              value.has("role")
                  ? dialogue.say(conversation.messages().getFirst())
                  : dialogue.answerAlone(conversation);
          console.printJson(LineResult.of(answer));
        });
  }

  /// Shows a chat on standard output, and what is no answer on standard error.
  private final class ConsoleScreen implements ChatDialogue.Screen {
    @Override
    public void piece(String text) {
      console.printPart(text);
    }

    @Override
    public void end(ChatAnswer answer) {
      console.print("");
      if (answer.forgottenMessages() > 0) {
        console.log(
            "(the context is full: the oldest "
                + answer.forgottenMessages()
                + " messages were left out)");
      }
      if (answer.finish() != ChatAnswer.Finish.END_OF_TURN) {
        console.log("(" + answer.summary() + ")");
      }
    }

    @Override
    public void note(String line) {
      console.log(line);
    }
  }

  /// Shows nothing: the answers are printed whole.
  private static final class SilentScreen implements ChatDialogue.Screen {
    @Override
    public void piece(String text) {}

    @Override
    public void end(ChatAnswer answer) {}

    @Override
    public void note(String line) {}
  }
}
