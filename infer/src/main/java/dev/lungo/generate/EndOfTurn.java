package dev.lungo.generate;

import dev.lungo.chat.ChatEncoder;
import dev.lungo.chat.ChatTemplate;
import dev.lungo.chat.ChatTemplateException;
import dev.lungo.chat.Conversation;
import dev.lungo.chat.Message;
import dev.lungo.chat.RenderedChat;
import dev.lungo.chat.RenderedChat.Segment;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.weights.ModelConfigJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/// How a model says that its turn is over: ids of tokens, or a text where the marker is none.
///
/// @param ids any of which ends the turn
/// @param texts before which the turn ends
record EndOfTurn(Set<Integer> ids, List<String> texts) {
  private static final String SAID = "said";

  /// Collects what the model's files, its tokenizer and its template say.
  static EndOfTurn of(Path model, Tokenizer tokenizer, ChatTemplate template, ChatEncoder encoder)
      throws IOException {
    Set<Integer> ids = new TreeSet<>();
    for (int id : tokenizer.generationEnds()) {
      ids.add(id);
    }
    if (Files.isRegularFile(model.resolve("config.json"))) {
      ids.addAll(ModelConfigJson.readSpecialTokens(model).ends());
    }
    String marker = markerAfterAnswer(template);
    OptionalInt special = encoder.firstSpecial(marker);
    special.ifPresent(ids::add);
    return new EndOfTurn(
        ids, special.isPresent() || marker.isBlank() ? List.of() : List.of(marker.strip()));
  }

  /// Returns this with more texts.
  EndOfTurn with(List<String> stops) {
    List<String> all = new ArrayList<>(texts);
    all.addAll(stops);
    return new EndOfTurn(ids, all);
  }

  /// Returns what the template writes after an answer; nothing if it cannot be tried.
  private static String markerAfterAnswer(ChatTemplate template) {
    try {
      RenderedChat chat =
          template.render(
              Conversation.of(Message.user("Hi"), Message.assistant(SAID)),
              ChatTemplate.Settings.AS_SAID);
      List<Segment> segments = chat.segments();
      for (int i = segments.size() - 2; i >= 0; i--) {
        boolean isAnswer = !segments.get(i).fromTemplate() && segments.get(i).text().endsWith(SAID);
        if (isAnswer) {
          return segments.get(i + 1).text();
        }
      }
      return "";
    } catch (ChatTemplateException refused) {
      return "";
    }
  }
}
