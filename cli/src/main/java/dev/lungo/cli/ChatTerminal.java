package dev.lungo.cli;

import dev.lungo.generate.ChatInput;
import java.io.IOException;
import java.util.Optional;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/// Lets a person edit lines, with those of before under the arrow keys. The only class that knows
/// JLine, so that nothing else loads it.
final class ChatTerminal implements ChatLines {
  private final Terminal terminal;
  private final LineReader reader;
  private final ChatInput input = new ChatInput();

  /// @param interrupt what Ctrl-C does while no line is edited
  ChatTerminal(Runnable interrupt) throws IOException {
    terminal = TerminalBuilder.builder().system(true).dumb(true).build();
    // A terminal that does not know its size says 0, and nothing would fit.
    if (terminal.getWidth() <= 0 || terminal.getHeight() <= 0) {
      terminal.setSize(new Size(80, 24));
    }
    terminal.handle(Terminal.Signal.INT, signal -> interrupt.run());
    DefaultParser parser = new DefaultParser();
    // What is typed is text: no character of it means anything to the editor.
    parser.setEscapeChars(new char[0]);
    parser.setQuoteChars(new char[0]);
    reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .parser(parser)
            .completer(
                new StringsCompleter(
                    "/help", "/clear", "/system", "/regenerate", "/set", "/save", "/load", "/exit"))
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .option(LineReader.Option.HISTORY_BEEP, false)
            .build();
  }

  @Override
  public Optional<String> next() {
    Optional<String> message = Optional.empty();
    while (message.isEmpty()) {
      try {
        message = input.accept(reader.readLine(input.isOpen() ? "... " : ">>> "));
      } catch (UserInterruptException nothingToStop) {
        input.reset();
        terminal.writer().println("(Ctrl-D or /exit ends the chat)");
        terminal.flush();
      } catch (EndOfFileException end) {
        return Optional.empty();
      }
    }
    return message;
  }

  @Override
  public void close() throws IOException {
    terminal.close();
  }
}
