package dev.lungo.cli;

import dev.lungo.generate.ChatInput;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Reads what a person says, message by message.
sealed interface ChatLines extends AutoCloseable permits ChatLines.Plain, ChatTerminal {
  /// Returns the next message, or nothing at the end.
  Optional<String> next() throws IOException;

  @Override
  void close() throws IOException;

  /// Lines of a pipe or a file.
  final class Plain implements ChatLines {
    private final BufferedReader reader;
    private final ChatInput input = new ChatInput();

    Plain(InputStream in) {
      reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    }

    @Override
    public Optional<String> next() throws IOException {
      Optional<String> message = Optional.empty();
      while (message.isEmpty()) {
        String line = reader.readLine();
        if (line == null) {
          return input.end();
        }
        message = input.accept(line);
      }
      return message;
    }

    @Override
    public void close() throws IOException {
      reader.close();
    }
  }
}
