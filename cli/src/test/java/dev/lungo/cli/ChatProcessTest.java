package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lungo.chat.ChatTemplate;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tokenizer.AddedToken;
import dev.lungo.tokenizer.BytePairDefinition;
import dev.lungo.tokenizer.BytePairTokenizer;
import dev.lungo.tokenizer.Gpt2Splitter;
import dev.lungo.weights.ModelFolder;
import dev.lungo.weights.SpecialTokenIds;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Chats with a model of random weights as a person or a script does.
class ChatProcessTest {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final long MOST_SECONDS = 120;

  @TempDir private static Path model;
  @TempDir private Path folder;

  /// All bytes and ChatML's two tokens; wide enough to take a while for thousands of them.
  @BeforeAll
  static void createModel() throws IOException {
    LlamaConfig config = new LlamaConfig(258, 128, 6, 4, 2, 32, 256, 4000, 1e-5f, 10_000, false);
    try (LanguageModel random = LanguageModel.create(config, true)) {
      random.parameters().initialize(new RandomNumbers(3));
      ModelFolder.save(model, random, SpecialTokenIds.NONE);
    }
    List<byte[]> bytes = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      bytes.add(new byte[] {(byte) b});
    }
    List<AddedToken> added =
        List.of(AddedToken.special(256, "<|im_start|>"), AddedToken.special(257, "<|im_end|>"));
    new BytePairTokenizer(
            BytePairDefinition.ofMerges(
                bytes,
                new int[0],
                new Gpt2Splitter(),
                added,
                new BytePairDefinition.Frame(
                    new int[0], new int[0], OptionalInt.empty(), OptionalInt.empty())))
        .save(model.resolve("tokenizer.json"));
    Files.writeString(model.resolve("chat_template.jinja"), ChatTemplate.CHATML);
  }

  private ProcessBuilder builder(List<String> command) {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(folder.resolve("out.txt").toFile())
            .redirectError(folder.resolve("err.txt").toFile());
    builder.environment().put("LUNGO_NO_BUILD", "1");
    builder.environment().put("LUNGO_JAVA_HOME", System.getProperty("java.home"));
    return builder;
  }

  private int pipe(String input, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of(Processes.home().resolve("lungo").toString(), "chat"));
    command.addAll(List.of(arguments));
    Path file = Files.writeString(folder.resolve("in.txt"), input);
    Process process = builder(command).redirectInput(file.toFile()).start();
    return end(process);
  }

  private static int end(Process process) throws InterruptedException {
    if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("the chat still ran after " + MOST_SECONDS + " s");
    }
    return process.exitValue();
  }

  private String out() throws IOException {
    return new String(Files.readAllBytes(folder.resolve("out.txt")), StandardCharsets.UTF_8);
  }

  private String err() throws IOException {
    return Files.readString(folder.resolve("err.txt"));
  }

  @Test
  void linesOfPipeAreAnsweredAndJsonSaysWhatWasSaid() throws Exception {
    int status =
        pipe(
            "one\n\"\"\"\ntwo\nlines\n\"\"\"\n/exit\nnever\n",
            model.toString(),
            "-n",
            "5",
            "--system",
            "Brief.",
            "--json");
    assertThat(status).as(err()).isZero();
    JsonNode result = MAPPER.readTree(out().lines().toList().getLast());
    assertThat(result.get("answers").asInt()).isEqualTo(2);
    JsonNode messages = result.get("conversation").get("messages");
    assertThat(messages.size()).isEqualTo(5);
    assertThat(messages.get(3).get("content").asString()).isEqualTo("two\nlines");
  }

  @Test
  void jsonLinesAreAnsweredLineByLine() throws Exception {
    int status =
        pipe(
            """
            {"role":"user","content":"Hi"}
            {"role":"user","content":"More"}
            {"messages":[{"role":"user","content":"Alone"}]}
            """,
            model.toString(),
            "--json-lines",
            "-n",
            "4");
    assertThat(status).as(err()).isZero();
    List<JsonNode> answers = out().lines().map(MAPPER::readTree).toList();
    assertThat(answers).hasSize(3);
    assertThat(answers)
        .allMatch(answer -> answer.get("message").get("role").asString().equals("assistant"))
        .allMatch(answer -> answer.get("finish").asString().equals("LENGTH"));
    assertThat(answers.get(1).get("promptTokens").asInt())
        .isGreaterThan(answers.get(2).get("promptTokens").asInt());
    assertThat(pipe("{\"content\":1}\n", model.toString(), "--json-lines")).isEqualTo(1);
    assertThat(err()).contains("line 1");
  }

  @Test
  void modelWithoutTemplateSaysWhatToDo() throws Exception {
    Path bare = Files.createDirectory(folder.resolve("bare"));
    for (String name : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      Files.copy(model.resolve(name), bare.resolve(name));
    }
    assertThat(pipe("Hi\n", bare.toString())).isEqualTo(2);
    assertThat(err()).contains("bare has no chat template").contains("--template chatml");
    assertThat(pipe("", bare.toString(), "--template", "chatml", "-p", "Hi", "-n", "3")).isZero();
    assertThat(out()).isNotEmpty();
    assertThat(pipe("", folder.resolve("nowhere").toString())).isEqualTo(1);
    assertThat(err()).contains("nowhere: no such file");
  }

  @Test
  void personInTerminalEditsStopsAndEnds() throws Exception {
    Path script = Path.of("/usr/bin/script");
    assumeTrue(
        Files.isExecutable(script) && System.getProperty("os.name").equals("Linux"),
        "no script command to make a terminal with");
    String lungo = Processes.home().resolve("lungo").toString();
    // Sampled tokens soon end the turn; the likeliest ones went on.
    // Without exec, dash would stay between and end by the Ctrl-C that the chat handles.
    Process process =
        builder(
                List.of(
                    script.toString(),
                    "-qec",
                    "exec '%s' chat '%s' -n 3900 --temperature 0".formatted(lungo, model),
                    "/dev/null"))
            .start();
    try (OutputStream keys = process.getOutputStream()) {
      // Keys typed before the prompt would be the terminal's to interpret, not the editor's.
      awaitPromptAfter(process, "");
      type(keys, "/set tokens 3xx\b\b800\r");
      awaitPromptAfter(process, "tokens 3800");
      type(keys, "Hello\r");
      await(process, "answer", out -> answer(out, "Hello").length() > 10);
      type(keys, "\u0003");
      awaitPromptAfter(process, "ended by interrupted");
      type(keys, "\u0004");
      assertThat(end(process)).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  /// Returns what was written after a line, without the terminal's own controls.
  private static String answer(String out, String line) {
    int at = out.lastIndexOf(line);
    return at < 0
        ? ""
        : out.substring(at + line.length())
            .replaceAll("\u001b\\[[0-9;?]*[a-zA-Z]|[\\s\\p{Cntrl}]", "");
  }

  private static void type(OutputStream keys, String text) throws IOException {
    keys.write(text.getBytes(StandardCharsets.UTF_8));
    keys.flush();
  }

  private void awaitPromptAfter(Process process, String text) throws Exception {
    await(
        process,
        "prompt after \"" + text + '"',
        out -> out.contains(text) && out.indexOf(">>> ", out.indexOf(text)) >= 0);
  }

  private void await(Process process, String what, Predicate<String> seen) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(MOST_SECONDS);
    while (!seen.test(out())) {
      if (!process.isAlive() || System.nanoTime() > end) {
        throw new AssertionError("no " + what + " in: " + out() + err());
      }
      Thread.sleep(10);
    }
  }
}
