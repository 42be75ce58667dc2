package dev.lungo.generate;

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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import tools.jackson.databind.json.JsonMapper;

/// Makes model folders for conversations: random weights, all bytes as tokens, ChatML.
final class ChatModels {
  static final int START = 256;
  static final int END = 257;
  static final int CONTEXT = 200;

  private ChatModels() {}

  /// @param ends what `generation_config.json` says ends a text
  static Path create(Path folder, List<Integer> ends) throws IOException {
    LlamaConfig config = new LlamaConfig(258, 32, 2, 4, 2, 8, 64, CONTEXT, 1e-5f, 10_000, false);
    try (LanguageModel model = LanguageModel.create(config, true)) {
      model.parameters().initialize(new RandomNumbers(3));
      ModelFolder.save(
          folder, model, new SpecialTokenIds(OptionalInt.empty(), ends, OptionalInt.empty()));
    }
    List<byte[]> bytes = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      bytes.add(new byte[] {(byte) b});
    }
    new BytePairTokenizer(
            BytePairDefinition.ofMerges(
                bytes,
                new int[0],
                new Gpt2Splitter(),
                List.of(
                    AddedToken.special(START, "<|im_start|>"),
                    AddedToken.special(END, "<|im_end|>")),
                new BytePairDefinition.Frame(
                    new int[0], new int[0], OptionalInt.empty(), OptionalInt.empty())))
        .save(folder.resolve("tokenizer.json"));
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"chat_template\": "
            + JsonMapper.builder().build().writeValueAsString(ChatTemplate.CHATML)
            + "}");
    return folder;
  }
}
