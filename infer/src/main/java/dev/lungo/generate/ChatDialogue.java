package dev.lungo.generate;

import dev.lungo.chat.Conversation;
import dev.lungo.chat.ConversationJson;
import dev.lungo.chat.Message;
import dev.lungo.generate.ChatAnswer.Finish;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A chat with a person: what was said, how to answer, and the commands that change either.
///
/// A message that begins with `/` is a command ([#HELP]); `//` begins a message with `/`.
public final class ChatDialogue {
  /// What the commands do.
  public static final String HELP =
      """
      /help                 show this
      /clear                forget the conversation, but not the system prompt
      /system [TEXT]        show or set the system prompt, and forget the conversation
      /regenerate           answer the last message anew
      /set [NAME VALUE]     show the settings or change one: /set temperature 0.7
      /save FILE            write the conversation as JSON
      /load FILE            go on with a conversation from JSON
      /exit                 end, as Ctrl-D does
      \"""                   begin and end a message of several lines; or end lines with \\
      Ctrl-C                stop the answer\
      """;

  /// Shows what happens.
  public interface Screen {
    /// Shows a piece of an answer.
    void piece(String text);

    /// Ends an answer.
    void end(ChatAnswer answer);

    /// Shows a line that is no answer.
    void note(String line);
  }

  private final ChatSession session;
  private final Screen screen;
  private final Map<String, Object> variables;
  private final List<Message> messages = new ArrayList<>();
  private ChatSettings settings;
  private Conversation tools = Conversation.of();
  private int answers;

  /// @param system what the assistant is told first; may be empty
  /// @param variables what the template sees besides, such as `enable_thinking`
  public ChatDialogue(
      ChatSession session,
      ChatSettings settings,
      String system,
      Map<String, Object> variables,
      Screen screen) {
    this.session = session;
    this.settings = settings;
    this.variables = Map.copyOf(variables);
    this.screen = screen;
    if (!system.isEmpty()) {
      messages.add(Message.system(system));
    }
  }

  /// Returns what was said so far.
  public Conversation conversation() {
    return new Conversation(messages, tools.tools());
  }

  /// Returns how many answers were given.
  public int answers() {
    return answers;
  }

  /// Takes what a person said, and answers it. What goes wrong with it is shown, and nothing
  /// changes.
  ///
  /// @return whether the chat goes on
  public boolean accept(String said) {
    if (said.isBlank()) {
      return true;
    }
    try {
      if (said.startsWith("/") && !said.startsWith("//")) {
        return command(said.strip());
      }
      say(Message.user(said.startsWith("//") ? said.substring(1) : said));
    } catch (IllegalArgumentException | IOException e) {
      screen.note(String.valueOf(e.getMessage()));
    }
    return true;
  }

  /// Adds a message and has it answered. If that fails, the message is not kept.
  ///
  /// @throws IllegalArgumentException if the template refuses the conversation, or it does not fit
  public ChatAnswer say(Message message) {
    messages.add(message);
    try {
      return answer();
    } catch (RuntimeException failed) {
      messages.removeLast();
      throw failed;
    }
  }

  /// Answers a conversation that has nothing to do with this one.
  ///
  /// @throws IllegalArgumentException if the template refuses the conversation, or it does not fit
  public ChatAnswer answerAlone(Conversation conversation) {
    ChatAnswer answer =
        session.answer(conversation, settings.forTurn(answers, variables), screen::piece);
    answers++;
    return answer;
  }

  private ChatAnswer answer() {
    ChatAnswer answer =
        session.answer(conversation(), settings.forTurn(answers, variables), screen::piece);
    answers++;
    // What was stopped before it began was never said.
    if (answer.finish() == Finish.INTERRUPTED && answer.text().isEmpty()) {
      messages.removeLast();
    } else {
      messages.add(Message.assistant(answer.text()));
    }
    screen.end(answer);
    return answer;
  }

  private boolean command(String line) throws IOException {
    int space = line.indexOf(' ');
    String name = space < 0 ? line : line.substring(0, space);
    String rest = space < 0 ? "" : line.substring(space).strip();
    switch (name) {
      case "/help", "/?" -> HELP.lines().forEach(screen::note);
      case "/clear" -> clear();
      case "/system" -> system(rest);
      case "/regenerate" -> regenerate();
      case "/set" -> set(rest);
      case "/save" -> {
        ConversationJson.write(file(rest), conversation());
        screen.note("wrote " + messages.size() + " messages to " + rest);
      }
      case "/load" -> load(rest);
      case "/exit", "/quit", "/bye" -> {
        return false;
      }
      default -> screen.note("there is no command " + name + "; /help lists them");
    }
    return true;
  }

  private void clear() {
    messages.removeIf(message -> !message.role().equals("system"));
    screen.note("the conversation is forgotten");
  }

  private void system(String text) {
    if (text.isEmpty()) {
      List<Message> system =
          messages.stream().filter(message -> message.role().equals("system")).toList();
      screen.note(system.isEmpty() ? "there is no system prompt" : system.getFirst().content());
      return;
    }
    messages.clear();
    messages.add(Message.system(text));
    screen.note("the system prompt is set, the conversation forgotten");
  }

  private void regenerate() {
    List<Message> before = List.copyOf(messages);
    while (!messages.isEmpty() && messages.getLast().role().equals("assistant")) {
      messages.removeLast();
    }
    if (messages.isEmpty() || !messages.getLast().role().equals("user")) {
      messages.clear();
      messages.addAll(before);
      screen.note("there is nothing to answer anew");
      return;
    }
    boolean answered = false;
    try {
      ChatAnswer answer = answer();
      answered = answer.finish() != Finish.INTERRUPTED || !answer.text().isEmpty();
    } finally {
      if (!answered) {
        messages.clear();
        messages.addAll(before);
      }
    }
  }

  private void set(String rest) {
    String[] parts = rest.split("[\\s=]+", 2);
    if (rest.isEmpty()) {
      screen.note(settings.line());
      return;
    }
    if (parts.length < 2) {
      throw new IllegalArgumentException("/set takes a name and a value: /set temperature 0.7");
    }
    settings = settings.with(parts[0], parts[1].strip());
    screen.note(settings.line());
  }

  private static Path file(String rest) {
    if (rest.isEmpty()) {
      throw new IllegalArgumentException("name a file, such as /save chat.json");
    }
    return Path.of(rest);
  }

  private void load(String rest) throws IOException {
    Conversation loaded = ConversationJson.read(file(rest));
    messages.clear();
    messages.addAll(loaded.messages());
    tools = loaded;
    screen.note("read " + messages.size() + " messages from " + rest);
  }
}
