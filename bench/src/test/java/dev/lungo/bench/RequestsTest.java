package dev.lungo.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RequestsTest {
  /// Adds numbers, as a child.
  static final class Adder {
    private Adder() {}

    public static void main(String[] arguments) throws IOException {
      System.out.println("starting up");
      Requests.serve(Adder::answer);
    }

    static String answer(String[] words) {
      if (words[0].equals("leave")) {
        System.exit(3);
      }
      return Integer.toString(Integer.parseInt(words[0]) + Integer.parseInt(words[1]));
    }
  }

  @Test
  void everyRequestIsAnsweredOnALine() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Requests.serve(
        new BufferedReader(new StringReader("1 2\nx y\n3 4\n")),
        new PrintStream(bytes, true, StandardCharsets.UTF_8),
        Adder::answer);
    assertThat(bytes.toString(StandardCharsets.UTF_8).lines())
        .containsExactly(
            "ok 3", "error java.lang.NumberFormatException: For input string: \"x\"", "ok 7");
  }

  @Test
  void childAnswersFromItsOwnProcess() throws IOException {
    try (Child child = Child.java(Adder.class.getName(), Map.of())) {
      assertThat(child.ask("20 22")).containsExactly("42");
      assertThatThrownBy(() -> child.ask("20 x"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("20 x")
          .hasMessageContaining("NumberFormatException");
    }
  }

  @Test
  void childThatEndsIsReported() throws IOException {
    try (Child child = Child.java(Adder.class.getName(), Map.of())) {
      assertThatThrownBy(() -> child.ask("leave"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("ended");
    }
  }
}
