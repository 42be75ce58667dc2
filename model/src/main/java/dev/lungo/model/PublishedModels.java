package dev.lungo.model;

import dev.lungo.kernel.AttentionShape;

/// The shapes of models whose sizes were published, to check Lungo's arithmetic against.
public final class PublishedModels {
  public static final Gpt2Config GPT2_SMALL = gpt2(768, 12);
  public static final Gpt2Config GPT2_MEDIUM = gpt2(1024, 24);
  public static final Gpt2Config GPT2_LARGE = gpt2(1280, 36);
  public static final Gpt2Config GPT2_XL = new Gpt2Config(50_257, 1600, 48, 25, 1024, 1e-5f, true);

  public static final LlamaConfig LLAMA_7B = llama(4096, 32, 32, 11_008, 2048, 1e-6f);
  public static final LlamaConfig LLAMA_13B = llama(5120, 40, 40, 13_824, 2048, 1e-6f);
  public static final LlamaConfig LLAMA_33B = llama(6656, 60, 52, 17_920, 2048, 1e-6f);
  public static final LlamaConfig LLAMA_65B = llama(8192, 80, 64, 22_016, 2048, 1e-5f);
  public static final LlamaConfig LLAMA_2_7B = llama(4096, 32, 32, 11_008, 4096, 1e-5f);
  public static final LlamaConfig LLAMA_2_13B = llama(5120, 40, 40, 13_824, 4096, 1e-5f);
  public static final LlamaConfig LLAMA_2_70B =
      new LlamaConfig(32_000, 8192, 80, 64, 8, 128, 28_672, 4096, 1e-5f, 10_000, false);
  public static final LlamaConfig LLAMA_3_8B =
      new LlamaConfig(128_256, 4096, 32, 32, 8, 128, 14_336, 8192, 1e-5f, 500_000, false);
  public static final LlamaConfig LLAMA_3_2_1B =
      new LlamaConfig(128_256, 2048, 16, 32, 8, 64, 8192, 131_072, 1e-5f, 500_000, true);
  public static final LlamaConfig TINY_LLAMA =
      new LlamaConfig(32_000, 2048, 22, 32, 4, 64, 5632, 2048, 1e-5f, 10_000, false);
  public static final LlamaConfig MISTRAL_7B =
      new LlamaConfig(32_000, 4096, 32, 32, 8, 128, 14_336, 32_768, 1e-5f, 10_000, false);

  public static final LlamaConfig SMOL_LM2_135M =
      new LlamaConfig(49_152, 576, 30, 9, 3, 64, 1536, 8192, 1e-5f, 100_000, true);
  public static final LlamaConfig QWEN_2_5_500M =
      new LlamaConfig(151_936, 896, 24, 14, 2, 64, 4864, 32_768, 1e-6f, 1_000_000, true)
          .of(LlamaFamily.QWEN2);
  public static final LlamaConfig QWEN_3_600M =
      new LlamaConfig(151_936, 1024, 28, 16, 8, 128, 3072, 40_960, 1e-6f, 1_000_000, true)
          .of(LlamaFamily.QWEN3);
  public static final LlamaConfig PHI_3_MINI =
      new LlamaConfig(32_064, 3072, 32, 32, 32, 96, 8192, 4096, 1e-5f, 10_000, false)
          .with(LlamaFamily.PHI3, 96, RopeScaling.NONE, 2047);
  public static final GemmaConfig GEMMA_2_2B =
      new GemmaConfig(
          GemmaGeneration.GEMMA2,
          256_000,
          2304,
          26,
          8,
          4,
          256,
          9216,
          8192,
          1e-6f,
          10_000,
          RopeScaling.NONE,
          10_000,
          256,
          4096,
          2,
          50,
          30,
          true);
  public static final GemmaConfig GEMMA_3_1B =
      new GemmaConfig(
          GemmaGeneration.GEMMA3,
          262_144,
          1152,
          26,
          4,
          1,
          256,
          6912,
          32_768,
          1e-6f,
          1_000_000,
          RopeScaling.NONE,
          10_000,
          256,
          512,
          6,
          AttentionShape.UNCAPPED,
          AttentionShape.UNCAPPED,
          true);

  public static final OptConfig OPT_125M = new OptConfig(50_272, 768, 12, 12, 3072, 2048, true);
  public static final OptConfig OPT_1_3B = new OptConfig(50_272, 2048, 24, 32, 8192, 2048, true);

  public static final EncoderDecoderConfig TRANSFORMER_BASE =
      EncoderDecoderConfig.published(37_000, 512, 6, 8, 2048);
  public static final EncoderDecoderConfig TRANSFORMER_BIG =
      EncoderDecoderConfig.published(37_000, 1024, 6, 16, 4096);

  private PublishedModels() {}

  private static Gpt2Config gpt2(int width, int layers) {
    return new Gpt2Config(50_257, width, layers, width / 64, 1024, 1e-5f, true);
  }

  private static LlamaConfig llama(
      int width, int layers, int heads, int feedForward, int context, float epsilon) {
    return new LlamaConfig(
        32_000,
        width,
        layers,
        heads,
        heads,
        width / heads,
        feedForward,
        context,
        epsilon,
        10_000,
        false);
  }
}
