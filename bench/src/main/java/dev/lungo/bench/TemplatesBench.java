package dev.lungo.bench;

import dev.lungo.chat.ChatTemplate;
import dev.lungo.chat.ChatTemplateException;
import dev.lungo.chat.ChatTemplateFiles;
import dev.lungo.chat.Conversation;
import dev.lungo.chat.ConversationJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Whether chat templates print what they print in Hugging Face's Jinja for JavaScript. Nothing is
/// timed: a row counts conversations, each once with and once without the start of an answer.
///
/// A conversation that only we refuse counts against us. One that only the peer refuses is named
/// and left out: it knows less of Jinja than the Python original, whose output our tests have
/// recorded.
@Command(
    name = "templates",
    description = "Chat templates, rendered by us and by Hugging Face's Jinja for JavaScript.")
final class TemplatesBench implements Callable<Integer> {
  private static final String PEER = "@huggingface/jinja 0.5.11";
  private static final String OURS = "text/src/test/resources/dev/lungo/chat";
  private static final int SHOWN = 400;
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private enum Comparison {
    SAME,
    DIFFERENT,
    REFUSED_BY_PEER
  }

  @Mixin private BenchOptions options = new BenchOptions();

  @Parameters(
      paramLabel = "TEMPLATE",
      arity = "0..*",
      description =
          "Jinja files, model folders or GGUF files (default: those of the tests, and of the test data).")
  private List<Path> chosen = List.of();

  @Override
  public Integer call() throws Exception {
    if (!options.peers()) {
      throw new IllegalArgumentException("there is nothing to compare with: give --peers");
    }
    Path resources = TestData.repository().resolve(OURS);
    JsonNode conversations =
        MAPPER.readTree(resources.resolve("conversations.json")).get("conversations");
    boolean equal = true;
    try (Child peer = NodePeer.start("jinja.mjs", options::log)) {
      Report report = new Report("templates", Machine.here("no kernels"), options, System.out);
      for (Map.Entry<String, ChatTemplate> one : templates(resources).entrySet()) {
        int asked = 0;
        int same = 0;
        for (Map.Entry<String, JsonNode> entry : conversations.properties()) {
          Conversation conversation = ConversationJson.conversation(entry.getValue());
          for (boolean answer : new boolean[] {false, true}) {
            switch (compare(peer, one, entry.getKey(), conversation, answer)) {
              case SAME -> {
                asked++;
                same++;
              }
              case DIFFERENT -> asked++;
              case REFUSED_BY_PEER -> {}
            }
          }
        }
        report.add(Row.ofRates(one.getKey(), 1, "renderings", same, PEER, asked));
        equal &= same == asked;
      }
      report.finish();
    }
    return equal ? 0 : 1;
  }

  private Map<String, ChatTemplate> templates(Path resources) throws IOException {
    Map<String, ChatTemplate> templates = new LinkedHashMap<>();
    for (Path path : chosen) {
      templates.put(String.valueOf(path.getFileName()), template(path));
    }
    if (chosen.isEmpty()) {
      try (Stream<Path> files = Files.list(resources.resolve("templates"))) {
        for (Path file : files.sorted().toList()) {
          templates.put(String.valueOf(file.getFileName()), template(file));
        }
      }
      Optional<Path> real = TestData.find("tokenizers/qwen3");
      if (real.isPresent()) {
        templates.put("qwen3", template(real.get()));
      }
    }
    return templates;
  }

  private static ChatTemplate template(Path path) throws IOException {
    if (path.toString().endsWith(".jinja")) {
      return ChatTemplateFiles.read(path, Map.of("bos_token", "<s>", "eos_token", "</s>"));
    }
    return ChatTemplateFiles.find(path)
        .orElseThrow(() -> new IllegalArgumentException(path + " has no chat template"));
  }

  private Comparison compare(
      Child peer,
      Map.Entry<String, ChatTemplate> named,
      String name,
      Conversation conversation,
      boolean answer)
      throws IOException {
    ChatTemplate template = named.getValue();
    Map<String, Object> variables = new LinkedHashMap<>(ConversationJson.values(conversation));
    variables.put("add_generation_prompt", answer);
    variables.putAll(template.specialTokens());
    String[] theirs =
        peer.ask(
            "render " + word(template.source()) + " " + word(MAPPER.writeValueAsString(variables)));
    String printed =
        theirs.length < 2
            ? ""
            : new String(Base64.getDecoder().decode(theirs[1]), StandardCharsets.UTF_8);
    boolean refused = theirs[0].equals("refused");
    ChatTemplate.Settings settings =
        answer ? ChatTemplate.Settings.TO_ANSWER : ChatTemplate.Settings.AS_SAID;
    String ours;
    try {
      ours = template.render(conversation, settings).text();
    } catch (ChatTemplateException refusal) {
      if (refused) {
        return Comparison.SAME;
      }
      options.log(named.getKey() + ", " + name + ": only ours refuses: " + refusal.getMessage());
      return Comparison.DIFFERENT;
    }
    if (refused) {
      options.log(named.getKey() + ", " + name + ": the peer refuses: " + shown(printed));
      return Comparison.REFUSED_BY_PEER;
    }
    if (!ours.equals(printed)) {
      options.log(named.getKey() + ", " + name + ": " + shown(ours) + ", theirs " + shown(printed));
      return Comparison.DIFFERENT;
    }
    return Comparison.SAME;
  }

  private static String word(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String shown(String text) {
    String line = text.replace("\n", "\\n");
    return '"' + (line.length() > SHOWN ? line.substring(0, SHOWN) + " …" : line) + '"';
  }
}
