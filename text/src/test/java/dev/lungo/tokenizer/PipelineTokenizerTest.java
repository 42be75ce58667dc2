package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

final class PipelineTokenizerTest {
  @TempDir Path folder;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private Tokenizer load(String json) throws IOException {
    return TokenizerFiles.load(Files.writeString(folder.resolve("tokenizer.json"), json));
  }

  private Tokenizer unigram(String preTokenizer, String more) throws IOException {
    return load(
        """
        {"added_tokens": [{"id": 0, "content": "<unk>", "special": true},
                          {"id": 8, "content": "<sep>", "special": true}],
         "normalizer": null, "pre_tokenizer": %s,
         "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
         "model": {"type": "Unigram", "unk_id": 0, %s "vocab":
           [["<unk>", 0], ["▁", -3], ["a", -4], ["b", -4], ["ab", -5.5], ["▁ab", -6], ["ba", -9],
            ["abab", -20]]}}
        """
            .formatted(preTokenizer, more));
  }

  private static final String METASPACE =
      "{\"type\": \"Metaspace\", \"replacement\": \"▁\", \"prepend_scheme\": \"%s\", \"split\": true}";

  @Test
  void theBestSumOfScoresWins() throws IOException {
    Tokenizer tokenizer = unigram(METASPACE.formatted("always"), "");
    // ▁ab (-6) beats ▁ + ab (-8.5); then ab + ab (-11) beats abab (-20).
    assertThat(tokenizer.encode("ab")).containsExactly(5);
    assertThat(tokenizer.encode("ababab")).containsExactly(5, 4, 4);
    assertThat(tokenizer.encode("ba ab")).containsExactly(1, 3, 2, 5);
    // Neighbouring unknown characters are one unknown token.
    assertThat(tokenizer.encode("xyab")).containsExactly(1, 0, 4);
    assertThat(tokenizer.decode(5, 4, 5)).isEqualTo("abab ab");
  }

  @ParameterizedTest
  @CsvSource({"always, 5 8 5", "first, 5 8 4", "never, 4 8 4"})
  void metaspaceIsPutBeforeTextsAsItsSchemeSays(String scheme, String ids) throws IOException {
    int[] found = unigram(METASPACE.formatted(scheme), "").encode("ab<sep>ab", SpecialMode.PARSE);
    assertThat(found)
        .isEqualTo(List.of(ids.split(" ")).stream().mapToInt(Integer::parseInt).toArray());
  }

  @Test
  void unknownCharactersBecomeBytesWhereTheTokenizerSaysSo() throws IOException {
    StringBuilder vocabulary = new StringBuilder("[[\"<unk>\", 0], [\"a\", -1]");
    for (int b = 0; b < 256; b++) {
      vocabulary.append(", [\"<0x%02X>\", -9]".formatted(b));
    }
    Tokenizer tokenizer =
        load(
            "{\"decoder\": {\"type\": \"ByteFallback\"}, \"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"byte_fallback\": true, \"vocab\": "
                + vocabulary
                + "]}}");
    assertThat(tokenizer.encode("aéa")).containsExactly(1, 2 + 0xc3, 2 + 0xa9, 1);
    assertThat(tokenizer.decode(tokenizer.encode("aéxa"))).isEqualTo("aéxa");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "Isolated | false | `ab,-,-,cd,-,e`",
        "Removed | false | `ab,cd,e`",
        "Contiguous | false | `ab,--,cd,-,e`",
        "MergedWithPrevious | false | `ab-,-,cd-,e`",
        "MergedWithNext | false | `ab,-,-cd,-e`",
        "Removed | true | `-,-,-`",
        "MergedWithNext | true | `ab-,-,cd-,e`"
      })
  void everyWayToSplit(String behavior, boolean invert, String pieces) {
    PieceStep step =
        PieceStep.read(
            JSON.readTree(
                "{\"type\": \"Split\", \"pattern\": {\"String\": \"-\"}, \"behavior\": \"%s\", \"invert\": %s}"
                    .formatted(behavior, invert)));
    assertThat(String.join(",", step.cut("ab--cd-e", true))).isEqualTo(pieces);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{`type`:`Whitespace`} | it's 3.5 €! | it,',s,3,.,5,€!",
        "{`type`:`WhitespaceSplit`} | it's  3.5 | it's,3.5",
        "{`type`:`Digits`,`individual_digits`:false} | a12b½ | a,12,b,½",
        "{`type`:`Digits`,`individual_digits`:true} | a12 | a,1,2",
        "{`type`:`Punctuation`,`behavior`:`Contiguous`} | a$!b | a,$!,b",
        "{`type`:`Punctuation`} | a$!b | a,$,!,b",
        "{`type`:`ByteLevel`,`add_prefix_space`:true} | a é | Ġa,ĠÃ©",
        "{`type`:`ByteLevel`,`add_prefix_space`:false,`use_regex`:false} | a é | aĠÃ©",
        "{`type`:`BertPreTokenizer`} | a, b | a,COMMA,b",
        "{`type`:`CharDelimiterSplit`,`delimiter`:`.`} | a.b..c | a,b,c"
      })
  void everyPreTokenizer(String json, String text, String pieces) {
    List<String> cut = PieceStep.read(JSON.readTree(json.replace('`', '"'))).cut(text, true);
    assertThat(cut.stream().map(piece -> piece.equals(",") ? "COMMA" : piece).toList())
        .containsExactly(pieces.split(","));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "{`type`:`NFD`} | é | e\u0301",
        "{`type`:`NFKC`} | ﬁ① | fi1",
        "{`type`:`Lowercase`} | ΌΣ İ | όσ i\u0307",
        "{`type`:`StripAccents`} | e\u0301a\u0308 | ea",
        "{`type`:`Strip`,`strip_left`:true,`strip_right`:false} | ^ a ^ | ^a ^",
        "{`type`:`Prepend`,`prepend`:`▁`} | a | ▁a",
        "{`type`:`Replace`,`pattern`:{`String`:`.`},`content`:`!`} | a.b | a!b",
        "{`type`:`Replace`,`pattern`:{`Regex`:` {2,}`},`content`:`_`} | a   b c | a_b c",
        "{`type`:`ByteLevel`} | é | Ã©"
      })
  void everyNormalizer(String json, String text, String changed) {
    assertThat(TextChange.read(JSON.readTree(json.replace('`', '"'))).apply(text))
        .isEqualTo(changed);
  }

  /// A table with the one entry `a` to `xy`: units are described at [CharsMap].
  private static byte[] smallTable() {
    int leafPlace = 256;
    ByteBuffer table = ByteBuffer.allocate(4 + 4 * 512 + 4).order(ByteOrder.LITTLE_ENDIAN);
    table.putInt(4 * 512);
    int[] units = new int[512];
    units[0] = 0;
    units['a'] = 'a' | 1 << 8 | ('a' ^ leafPlace) << 10;
    units[leafPlace] = 0x80000000;
    for (int unit : units) {
      table.putInt(unit);
    }
    return table.put("xy\0".getBytes(StandardCharsets.US_ASCII)).array();
  }

  @Test
  void precompiledTableReplacesWhatItHolds() {
    String base64 = Base64.getEncoder().encodeToString(smallTable());
    TextChange change =
        TextChange.read(
            JSON.readTree(
                "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"" + base64 + "\"}"));
    assertThat(change.apply("banana é")).isEqualTo("bxynxynxy é");
    assertThat(new CharsMap(smallTable()).replaceLongest("banana é")).isEqualTo("bxynxynxy é");
  }

  @Test
  void damagedTablesMapWronglyAtWorst() {
    Random random = new Random(5);
    for (int round = 0; round < 500; round++) {
      byte[] table = smallTable();
      for (int n = 0; n < 40; n++) {
        table[4 + random.nextInt(table.length - 4)] = (byte) random.nextInt(256);
      }
      CharsMap map = new CharsMap(table);
      assertThat(map.replaceLongest("banana é")).isNotNull();
      assertThat(map.replaceGraphemes("banana é")).isNotNull();
    }
    assertThatThrownBy(() -> new CharsMap(new byte[] {-1, -1, -1, 127, 0}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("precompiled_charsmap");
  }

  @ParameterizedTest
  @CsvSource({"true, 9 0 9", "false, 9 0 0 9"})
  void unknownCharactersAreFusedWhereTheTokenizerSaysSo(boolean fuse, String ids)
      throws IOException {
    Tokenizer tokenizer =
        load(
            "{\"model\": {\"type\": \"BPE\", \"unk_token\": \"?\", \"fuse_unk\": "
                + fuse
                + ", \"vocab\": {\"?\": 0, \"a\": 9}, \"merges\": []}}");
    assertThat(tokenizer.encode("axya"))
        .isEqualTo(List.of(ids.split(" ")).stream().mapToInt(Integer::parseInt).toArray());
    assertThat(tokenizer.vocabularySize()).isEqualTo(10);
    assertThat(tokenizer.nameOf(5)).isEmpty();
  }

  @Test
  void normalizedAddedTokensAreFoundInTheChangedText() throws IOException {
    Tokenizer tokenizer =
        load(
            """
            {"normalizer": {"type": "Lowercase"},
             "added_tokens": [{"id": 7, "content": "STOP", "normalized": true},
                              {"id": 8, "content": "GO", "normalized": false},
                              {"id": 90, "content": "beyond", "normalized": true}],
             "model": {"type": "BPE", "vocab": {"a": 0, "g": 1, "o": 2}, "merges": []}}
            """);
    assertThat(tokenizer.encode("AstopGOgoSTOPbeyond")).containsExactly(0, 7, 8, 1, 2, 7, 90);
    assertThat(tokenizer.vocabularySize()).isEqualTo(91);
    assertThat(tokenizer.bytesOf(50)).isEmpty();
  }

  /// The general path against the fast one, over everything awkward.
  @Test
  void byteLevelTokenizersGiveTheSameIdsStepByStep() throws IOException {
    BytePairTokenizer fast =
        new BpeTrainer(BpeTrainer.Settings.ofSize(600, 1)).train(BpeTrainerTest.texts(100, 4));
    Path file = folder.resolve("fast.json");
    fast.save(file);
    String json = Files.readString(file);
    // An expression that matches nothing, removed, changes nothing; but it takes the general path.
    String slow =
        json.replace(
            "\"pretokenizers\" : [",
            "\"pretokenizers\" : [{\"type\": \"Split\", \"pattern\": {\"String\": \"\uffff\"}, \"behavior\": \"Removed\"},");
    assertThat(slow).isNotEqualTo(json);
    Tokenizer pipeline = load(slow);
    assertThat(pipeline).isInstanceOf(PipelineTokenizer.class);
    Random random = new Random(8);
    for (int round = 0; round < 3_000; round++) {
      String text = SplitterTest.randomText(random) + "katu mile";
      int[] ids = fast.encode(text);
      assertThat(pipeline.encode(text)).as(text).isEqualTo(ids);
      assertThat(pipeline.decode(ids)).isEqualTo(text);
    }
  }

  @Test
  void stepsBehindByteLevelSeeItsAlphabet() throws IOException {
    String json =
        """
        {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [
           {"type": "Punctuation", "behavior": "Contiguous"},
           {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
           {"type": "Digits", "individual_digits": false},
           {"type": "Split", "pattern": {"Regex": "[0-9][0-9][0-9]"}, "behavior": "Isolated"}]},
         "decoder": {"type": "ByteLevel"},
         "model": {"type": "BPE", "vocab": {%s, "Ġ1": 300, "12": 301, "²³": 302}, "merges":
           [["Ġ", "1"], ["1", "2"], ["²", "³"]]}}
        """;
    StringBuilder bytes = new StringBuilder();
    for (int b = 0; b < 256; b++) {
      String name = ByteAlphabet.write(new byte[] {(byte) b});
      bytes.append(b == 0 ? "" : ", ").append(JSON.writeValueAsString(name)).append(":").append(b);
    }
    Tokenizer tokenizer = load(json.formatted(bytes));
    assertThat(tokenizer).isInstanceOf(BytePairTokenizer.class);
    assertThat(tokenizer.encode(" 1212")).containsExactly(' ', 301, '1', '2');
    // U+05B2 is D6 B2: the second byte is a digit to the step behind, so it stands alone.
    assertThat(tokenizer.encode("\u05b2")).containsExactly(0xd6, 0xb2);
    Path saved = folder.resolve("saved.json");
    tokenizer.save(saved);
    assertThat(TokenizerFiles.load(saved).fingerprint()).isEqualTo(tokenizer.fingerprint());
  }

  @Test
  void configurationSaysWhatStandsAroundTextsWhereThereIsNoTemplate() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        """
        {"add_bos_token": true, "add_eos_token": true, "other": [1, {"a": null}],
         "bos_token": {"content": "<b>", "lstrip": false}, "eos_token": "<e>"}
        """);
    String json =
        """
        {"added_tokens": [{"id": 1, "content": "<b>", "special": true},
                          {"id": 2, "content": "<e>", "special": true}],
         "post_processor": %s,
         "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}
        """;
    Tokenizer plain = load(json.formatted("null"));
    assertThat(plain.encode("a", SpecialMode.FRAME)).containsExactly(1, 0, 2);
    assertThat(plain.beginOfText()).hasValue(1);
    assertThat(plain.endOfText()).hasValue(2);
    Tokenizer template =
        load(
            json.formatted(
                "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\"}}, {\"SpecialToken\": {\"id\": \"x\"}}], \"special_tokens\": {\"x\": {\"ids\": [2, 2]}}}"));
    assertThat(template.encode("a", SpecialMode.FRAME)).containsExactly(0, 2, 2);
  }

  @Test
  void savedPipelineIsTheSamePipeline() throws IOException {
    Tokenizer unigram = unigram(METASPACE.formatted("first"), "\"byte_fallback\": false,");
    Path file = folder.resolve("saved.json");
    unigram.save(file);
    Tokenizer loaded = TokenizerFiles.load(file);
    assertThat(loaded.fingerprint()).isEqualTo(unigram.fingerprint());
    assertThat(loaded.encode("ab ba xx ab")).isEqualTo(unigram.encode("ab ba xx ab"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"normalizer\": {\"type\": \"Nonsense\"}",
        "\"normalizer\": {\"type\": \"Replace\", \"content\": \"x\"}",
        "\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA\"}",
        "\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"?\"}",
        "\"pre_tokenizer\": {\"type\": \"Nonsense\"}",
        "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\"}",
        "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"a\"}, \"behavior\": \"Sideways\"}",
        "\"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"▁▁\"}",
        "\"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"▁\", \"prepend_scheme\": \"often\"}",
        "\"decoder\": {\"type\": \"CTC\"}",
        "\"post_processor\": {\"type\": \"Nonsense\"}",
        "\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": []}",
        "\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"x\"}}, {\"Sequence\": {\"id\": \"A\"}}]}",
        "\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"x\"}}, {\"Sequence\": {\"id\": \"A\"}}], \"special_tokens\": {\"x\": {\"ids\": [99]}}}"
      })
  void unknownPartsAreRefusedByName(String part) {
    assertThatThrownBy(() ->
            load(
                "{"
                    + part
                    + ", \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": []}}"))
        .isInstanceOf(MalformedFileException.class);
  }
}
