package dev.lungo.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/// The child's side of the protocol of [Child].
public final class Requests {
  private Requests() {}

  /// Answers one request.
  @FunctionalInterface
  public interface Handler {
    /// Returns the words of the answer.
    ///
    /// @param words the request, split at spaces
    String answer(String[] words) throws Exception;
  }

  /// Answers requests until standard input ends.
  public static void serve(Handler handler) throws IOException {
    serve(
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)),
        System.out,
        handler);
  }

  static void serve(BufferedReader in, PrintStream out, Handler handler) throws IOException {
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      try {
        out.println(("ok " + handler.answer(line.split(" "))).strip());
      } catch (Exception e) {
        if (System.getenv("LUNGO_DEBUG") != null) {
          e.printStackTrace();
        }
        out.println("error " + String.valueOf(e).lines().findFirst().orElse("no message"));
      }
      out.flush();
    }
  }
}
