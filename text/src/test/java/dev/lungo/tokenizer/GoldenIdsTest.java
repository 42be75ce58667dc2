package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The ids that the reference implementations gave.
final class GoldenIdsTest {
  @ParameterizedTest
  @CsvSource({
    "gpt2, gpt2",
    "r50k_base, gpt2",
    "cl100k_base, tiktoken/cl100k_base.tiktoken",
    "qwen3, qwen3/tokenizer.json"
  })
  void awkwardInputsGiveTheReferenceIds(String encoding, String file) throws IOException {
    Tokenizer tokenizer = TokenizerFiles.load(TestData.file("tokenizers/" + file));
    JsonNode golden = golden();
    JsonNode expected = golden.at("/encodings/" + encoding + "/inp_ids");
    assertThat(expected).hasSize(46);
    for (int i = 0; i < expected.size(); i++) {
      String text = golden.at("/inp/" + i).stringValue();
      int[] ids = new int[expected.get(i).size()];
      for (int j = 0; j < ids.length; j++) {
        ids[j] = expected.get(i).get(j).intValue();
      }
      assertThat(tokenizer.encode(text)).as("ids of \"%s\"", text).isEqualTo(ids);
      assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "gpt2, gpt2",
    "r50k_base, gpt2",
    "cl100k_base, tiktoken/cl100k_base.tiktoken",
    "qwen3, qwen3/tokenizer.json"
  })
  void twentyLanguagesGiveTheReferenceIds(String encoding, String file) throws Exception {
    Tokenizer tokenizer = TokenizerFiles.load(TestData.file("tokenizers/" + file));
    JsonNode files = golden().at("/encodings/" + encoding + "/files");
    int languages = 0;
    for (var entry : files.properties()) {
      if (!entry.getKey().startsWith("udhr-txt/")) {
        continue;
      }
      languages++;
      String text = Files.readString(TestData.file("tokenizers/golden/" + entry.getKey()));
      int[] ids = tokenizer.encode(text);
      assertThat(ids)
          .as("%s of %s", encoding, entry.getKey())
          .hasSize(entry.getValue().get("count").intValue());
      assertThat(sha256(ids)).isEqualTo(entry.getValue().get("sha256_ids").stringValue());
      if (entry.getValue().path("roundtrip").asBoolean(false)) {
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
      }
    }
    assertThat(languages).isEqualTo(20);
  }

  @Test
  void gpt2InputFileGivesTheOutputFile() throws IOException {
    assertCases(
        "gpt2/ggml-vocab-gpt-2.gguf",
        TokenizerFiles.load(TestData.file("tokenizers/gpt2/encoder.json")));
    assertCases(
        "gpt2/ggml-vocab-gpt-2.gguf",
        TokenizerFiles.load(TestData.file("tokenizers/gpt2/ggml-vocab-gpt-2.gguf")));
  }

  @Test
  void llamaInputFileGivesTheOutputFile() throws IOException {
    Tokenizer tokenizer =
        TokenizerFiles.load(TestData.file("tokenizers/llama-spm/ggml-vocab-llama-spm.gguf"));
    assertThat(tokenizer.vocabularySize()).isEqualTo(32_000);
    assertCases("llama-spm/ggml-vocab-llama-spm.gguf", tokenizer);
  }

  private static void assertCases(String name, Tokenizer tokenizer) throws IOException {
    String[] inputs =
        Files.readString(TestData.file("tokenizers/" + name + ".inp"))
            .split("\n__ggml_vocab_test__\n", -1);
    String[] outputs =
        Files.readString(TestData.file("tokenizers/" + name + ".out")).split("\n", -1);
    assertThat(inputs.length).isGreaterThanOrEqualTo(46);
    for (int i = 0; i < 46; i++) {
      int[] expected =
          outputs[i].isBlank()
              ? new int[0]
              : Arrays.stream(outputs[i].strip().split(" ")).mapToInt(Integer::parseInt).toArray();
      assertThat(tokenizer.encode(inputs[i]))
          .as("ids of case %d: \"%s\"", i, inputs[i])
          .isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @CsvSource({"gpt2, 338025", "tiktoken/cl100k_base.tiktoken, 301829"})
  void tinyShakespeareHasThePublishedLength(String file, int expected) throws IOException {
    Tokenizer tokenizer = TokenizerFiles.load(TestData.file("tokenizers/" + file));
    String text = Files.readString(TestData.file("corpora/tinyshakespeare.txt"));
    assertThat(tokenizer.encode(text)).hasSize(expected);
  }

  @Test
  void gpt4SplitsMixedScriptsAsPublished() throws IOException {
    Tokenizer tokenizer =
        TokenizerFiles.load(TestData.file("tokenizers/tiktoken/cl100k_base.tiktoken"));
    assertThat(tokenizer.encode("hello123!!!? (안녕하세요!) 😉"))
        .containsExactly(15339, 4513, 12340, 30, 320, 31495, 230, 75265, 243, 92245, 16715, 57037);
  }

  @Test
  void llama2cPromptGivesTheRecordedIds() throws IOException {
    Tokenizer tokenizer = TokenizerFiles.load(TestData.file("models/stories260K/tok512.bin"));
    assertThat(tokenizer.encode("Zoo", SpecialMode.FRAME)).containsExactly(1, 410, 469, 347);
    assertThat(tokenizer.decode(410, 469, 347)).isEqualTo("Zoo");
    Tokenizer gguf = TokenizerFiles.load(TestData.file("models/stories260K/stories260K.gguf"));
    assertThat(gguf.encode("Zoo", SpecialMode.FRAME)).containsExactly(1, 410, 469, 347);
  }

  private static JsonNode golden() throws IOException {
    Path file = TestData.file("tokenizers/golden/golden-ids.json");
    return JsonMapper.builder().build().readTree(Files.readString(file));
  }

  private static String sha256(int[] ids) throws Exception {
    String joined = Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(","));
    return HexFormat.of()
        .formatHex(
            MessageDigest.getInstance("SHA-256").digest(joined.getBytes(StandardCharsets.UTF_8)));
  }
}
