package dev.lungo.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/// What each value of `tokenizer.ggml.pre` says about cutting text into pieces.
///
/// llama.cpp names how a model's `tokenizer.json` cuts instead of storing its expressions; this is
/// the list of the names, with the expressions that the models publish. An entry of several
/// expressions cuts by the first, then the pieces by the second, and so on.
final class GgufPreTokenizers {
  /// How text is cut.
  ///
  /// @param splitter cuts the text
  /// @param wholePiecesFirst whether a piece that is a token becomes that token at once
  /// @param addsBegin whether the token that begins a text is put before it where the file does not
  ///   say
  record Cut(Splitter splitter, boolean wholePiecesFirst, boolean addsBegin) {}

  private static final String GPT2 = Gpt2Splitter.PATTERN;

  private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  private static final String SPACES = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String WORD = "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
  private static final String SIGNS = "| ?[^\\s\\p{L}\\p{N}]+";

  private static final String CASED_WORDS =
      "[^\\r\\n\\p{L}\\p{N}]?%s*%s+%s|[^\\r\\n\\p{L}\\p{N}]?%s+%s*%s";
  private static final String NO_HAN = "&&[^\\p{Han}]]";
  private static final String UPPER_NO_HAN = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}" + NO_HAN;
  private static final String LOWER_NO_HAN = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}" + NO_HAN;
  private static final String KIMI =
      "\\p{Han}+|"
          + CASED_WORDS.formatted(
              UPPER_NO_HAN,
              LOWER_NO_HAN,
              CONTRACTIONS + "?",
              UPPER_NO_HAN,
              LOWER_NO_HAN,
              CONTRACTIONS + "?")
          + "|\\p{N}{1,3}"
          + SIGNS
          + "[\\r\\n]*"
          + SPACES;

  /// Digits in threes, counted from the right.
  private static final String DIGITS_FROM_RIGHT = "\\d{1,3}(?=(?:\\d{3})*(?!\\d))";

  private static final String DEEPSEEK_CJK = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+";
  private static final String DEEPSEEK_WORDS =
      "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+";
  private static final String DEEPSEEK_THREE =
      DEEPSEEK_WORDS + "| ?[\\p{P}\\p{S}]+[\\r\\n]*" + SPACES;

  /// The letters with case that DeepSeek's first tokenizer lists, range by range.
  private static final String DEEPSEEK_LETTERS =
      "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅ"
          + "Ὀ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎ"
          + "ꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃";

  private static final String BLOOM = " ?[^(\\s|.,!?…。，、।۔،)]+";

  private static final Map<String, Supplier<Cut>> KNOWN = known();

  private GgufPreTokenizers() {}

  /// Finds what `name` means.
  static Optional<Cut> find(String name) {
    return Optional.ofNullable(KNOWN.get(name)).map(Supplier::get);
  }

  /// Lists the known names, in the order of the alphabet.
  static List<String> names() {
    return List.copyOf(KNOWN.keySet());
  }

  private static Map<String, Supplier<Cut>> known() {
    Map<String, Supplier<Cut>> all = new TreeMap<>();
    gpt2Family(all);
    gpt4Family(all);
    o200kFamily(all);
    deepseekFamily(all);
    others(all);
    return all;
  }

  private static void plain(Map<String, Supplier<Cut>> all, List<String> names, String... steps) {
    add(all, names, false, false, steps);
  }

  private static void add(
      Map<String, Supplier<Cut>> all,
      List<String> names,
      boolean wholePiecesFirst,
      boolean addsBegin,
      String... steps) {
    for (String name : names) {
      all.put(name, () -> new Cut(sequence(steps), wholePiecesFirst, addsBegin));
    }
  }

  private static Splitter sequence(String... steps) {
    List<Splitter> splitters = new ArrayList<>();
    for (String step : steps) {
      splitters.add(Splitter.forPattern(step));
    }
    return splitters.size() == 1 ? splitters.getFirst() : new SequenceSplitter(splitters);
  }

  private static void gpt2Family(Map<String, Supplier<Cut>> all) {
    plain(
        all,
        List.of(
            "gpt-2",
            "gpt2",
            "phi-2",
            "mpt",
            "olmo",
            "jais",
            "trillion",
            "granite-docling",
            "exaone4",
            "mellum",
            "modern-bert",
            "gigachat",
            "a.x-4.0",
            "roberta-bpe",
            "jina-es",
            "jina-de",
            "jina-v1-en",
            "jina-v2-es",
            "jina-v2-de",
            "jina-v2-code"),
        GPT2);
    plain(
        all,
        List.of(
            "starcoder",
            "refact",
            "command-r",
            "smollm",
            "codeshell",
            "exaone",
            "minerva-7b",
            "mellum2"),
        "\\p{N}",
        GPT2);
    plain(all, List.of("falcon"), "[\\p{P}$+<=>^~|`]+", GPT2, "[0-9][0-9][0-9]");
    plain(all, List.of("default"), "[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]");
    add(
        all,
        List.of("chameleon"),
        false,
        true,
        "<sentinel:[0-9]+>",
        "IMGIMG[A-I]{1,4}Z",
        "[\\t\\n]|    |  ",
        "\\p{N}",
        "[\\p{P}!-/:-@\\[-`{-~]",
        GPT2);
  }

  private static void gpt4Family(Map<String, Supplier<Cut>> all) {
    add(
        all,
        List.of(
            "llama-bpe",
            "llama3",
            "llama-v3",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano"),
        true,
        true,
        Gpt4Splitter.PATTERN_THREE_DIGITS);
    plain(
        all,
        List.of("dbrx", "smaug-bpe", "chatglm-bpe", "glm4"),
        Gpt4Splitter.PATTERN_THREE_DIGITS);
    plain(
        all,
        List.of(
            "qwen2",
            "stablelm2",
            "deepseek-r1-qwen",
            "kormo",
            "f2llmv2",
            "megrez",
            "hunyuan",
            "solar-open",
            "grok-2"),
        Gpt4Splitter.PATTERN_ONE_DIGIT);
    plain(
        all,
        List.of("qwen35"),
        CONTRACTIONS
            + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*"
            + SPACES);
    plain(
        all,
        List.of("jais-2"),
        CONTRACTIONS
            + WORD
            + "|\\p{N}{1,3}"
            + SIGNS
            + "[\\r\\n]*|\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)"
            + "|\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}");
    plain(
        all,
        List.of("bailingmoe", "bailingmoe2", "llada-moe"),
        "'(?i:[sdmt]|ll|ve|re)"
            + WORD
            + "|\\p{N}"
            + SIGNS
            + "[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+");
    plain(
        all,
        List.of("seed-coder"),
        CONTRACTIONS + WORD + "|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+" + SPACES);
    plain(
        all,
        List.of("ufakzeka"),
        "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" + SIGNS + "[\\r\\n]*" + SPACES);
    plain(all, List.of("laguna"), "[^\\n]+|[\\n]+", Gpt4Splitter.PATTERN_ONE_DIGIT);
    add(
        all,
        List.of("minicpm5"),
        true,
        false,
        "\\p{N}{1,3}",
        CONTRACTIONS + WORD + "|\\p{N}+" + SIGNS + "[\\r\\n]*" + SPACES);
    plain(
        all,
        List.of("exaone-moe"),
        CONTRACTIONS
            + "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*+(?: \\p{L}\\p{M}*+)*+)++|\\p{N}"
            + SIGNS
            + "[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+");
  }

  private static void o200kFamily(Map<String, Supplier<Cut>> all) {
    plain(
        all, List.of("gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"), O200kSplitter.PATTERN);
    add(all, List.of("granite-embed-multi-97m"), true, false, O200kSplitter.PATTERN);
    add(all, List.of("tekken"), true, true, O200kSplitter.PATTERN_TEKKEN);
    plain(
        all,
        List.of("tiny_aya", "cohere2moe"),
        "\\d{1,3}(?=(?:\\d{3})*\\b)",
        O200kSplitter.PATTERN);
    plain(all, List.of("kimi-k2"), KIMI);
    add(
        all,
        List.of("youtu"),
        true,
        false,
        "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥\u3040-ゟ゠-ヿ]+",
        O200kSplitter.PATTERN_ONE_DIGIT);
  }

  private static void deepseekFamily(Map<String, Supplier<Cut>> all) {
    plain(
        all,
        List.of("deepseek-llm"),
        "[\\r\\n]",
        "\\s?[" + DEEPSEEK_LETTERS + "]+",
        "\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+",
        "\\s+$",
        "[一-龥ࠀ-一가-\ud7ff]+",
        "\\p{N}+");
    plain(
        all,
        List.of("deepseek-coder"),
        "[\\r\\n]",
        "\\s?\\p{L}+",
        "\\s?\\p{P}+",
        "[一-龥ࠀ-一가-\ud7ff]+",
        "\\p{N}");
    plain(
        all,
        List.of("deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"),
        "\\p{N}{1,3}",
        DEEPSEEK_CJK,
        DEEPSEEK_THREE);
    plain(
        all,
        List.of("spark2_5"),
        "\\p{N}{1,3}",
        DEEPSEEK_CJK,
        DEEPSEEK_WORDS + "| ?[\\p{P}\\p{S}]+|[\\r\\n]|\\s+(?!\\S)|\\s+",
        "\\p{N}");
    plain(
        all,
        List.of("afmoe"),
        DIGITS_FROM_RIGHT,
        "[一-鿿㐀-䶿\uf900-\ufaff\u3040-ゟ゠-ヿ･-ﾟ⼀-\u2fdf\u0e40-\u0e7f\u0e80-\u0effក-\u17ffက-႟ꩠ-ꩿꧠ-\ua9ff가-\ud7afᄀ-ᇿ]+",
        DEEPSEEK_THREE);
  }

  private static void others(Map<String, Supplier<Cut>> all) {
    plain(all, List.of("bloom", "poro-chat", "gpt3-finnish"), BLOOM);
    plain(all, List.of("viking"), BLOOM, "\\p{N}");
    plain(all, List.of("superbpe"), "\\p{N}+", DIGITS_FROM_RIGHT);
  }
}
