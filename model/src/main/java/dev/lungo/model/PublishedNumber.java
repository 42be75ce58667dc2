package dev.lungo.model;

import java.util.List;

/// A number somebody published, beside the one that Lungo computes.
///
/// @param topic what kind of number it is
/// @param name what it belongs to
public record PublishedNumber(String topic, String name, long expected, long computed) {
  /// Returns whether the two agree.
  public boolean agrees() {
    return expected == computed;
  }

  /// Computes the sizes, the compute and the memory of well-known models.
  public static List<PublishedNumber> all() {
    return List.of(
        parameters("GPT-2", 124_439_808L, PublishedModels.GPT2_SMALL),
        parameters("GPT-2 medium", 354_823_168L, PublishedModels.GPT2_MEDIUM),
        parameters("GPT-2 large", 774_030_080L, PublishedModels.GPT2_LARGE),
        parameters("GPT-2 XL", 1_557_611_200L, PublishedModels.GPT2_XL),
        parameters("LLaMA 7B", 6_738_415_616L, PublishedModels.LLAMA_7B),
        parameters("LLaMA 13B", 13_015_864_320L, PublishedModels.LLAMA_13B),
        parameters("LLaMA 33B", 32_528_943_616L, PublishedModels.LLAMA_33B),
        parameters("LLaMA 65B", 65_285_660_672L, PublishedModels.LLAMA_65B),
        parameters("Llama 2 70B", 68_976_648_192L, PublishedModels.LLAMA_2_70B),
        parameters("Llama 3 8B", 8_030_261_248L, PublishedModels.LLAMA_3_8B),
        parameters("Llama 3.2 1B", 1_235_814_400L, PublishedModels.LLAMA_3_2_1B),
        parameters("TinyLlama 1.1B", 1_100_048_384L, PublishedModels.TINY_LLAMA),
        parameters("Mistral 7B", 7_241_732_096L, PublishedModels.MISTRAL_7B),
        parameters("SmolLM2 135M", 134_515_008L, PublishedModels.SMOL_LM2_135M),
        parameters("Qwen2.5 0.5B", 494_032_768L, PublishedModels.QWEN_2_5_500M),
        parameters("Qwen3 0.6B", 596_049_920L, PublishedModels.QWEN_3_600M),
        parameters("Phi-3 mini", 3_821_079_552L, PublishedModels.PHI_3_MINI),
        parameters("Gemma 2 2B", 2_614_341_888L, PublishedModels.GEMMA_2_2B),
        parameters("Gemma 3 1B", 999_885_952L, PublishedModels.GEMMA_3_1B),
        parameters("OPT 125m", 125_239_296L, PublishedModels.OPT_125M),
        parameters("OPT 1.3b", 1_315_758_080L, PublishedModels.OPT_1_3B),
        parameters(
            "Transformer base", 63_045_632L, ParameterCount.of(PublishedModels.TRANSFORMER_BASE)),
        parameters(
            "Transformer big", 214_171_648L, ParameterCount.of(PublishedModels.TRANSFORMER_BIG)),
        adapters("Llama 2 7B, rank 8 on q and v", 4_194_304L, PublishedModels.LLAMA_2_7B),
        adapters("Llama 2 13B, rank 8 on q and v", 6_553_600L, PublishedModels.LLAMA_2_13B),
        new PublishedNumber(
            "FLOPs",
            "GPT-2, T = 1024, forward, a sequence",
            291_648_307_200L,
            ModelFlops.forwardPerSequence(PublishedModels.GPT2_SMALL, 1024)),
        new PublishedNumber(
            "FLOPs",
            "GPT-2, T = 1024, training, a sequence",
            3 * 291_648_307_200L,
            ModelFlops.trainingPerSequence(PublishedModels.GPT2_SMALL, 1024)),
        new PublishedNumber(
            "FLOPs",
            "GPT-2, T = 1024, 6N + 12·layers·heads·headDim·T, times T",
            3 * 291_648_307_200L,
            1024 * ModelFlops.trainingPerToken(PublishedModels.GPT2_SMALL, 1024)),
        cache("Llama 3 8B, fp16", 131_072L, PublishedModels.LLAMA_3_8B),
        cache("Llama 2 7B, fp16", 524_288L, PublishedModels.LLAMA_2_7B));
  }

  private static PublishedNumber parameters(String name, long expected, ModelConfig config) {
    return parameters(name, expected, ParameterCount.of(config));
  }

  private static PublishedNumber parameters(String name, long expected, ParameterCount count) {
    return new PublishedNumber("parameters", name, expected, count.total());
  }

  private static PublishedNumber adapters(String name, long expected, ModelConfig config) {
    return new PublishedNumber(
        "LoRA parameters", name, expected, ParameterCount.ofLowRankAdapters(config, 8));
  }

  private static PublishedNumber cache(String name, long expected, ModelConfig config) {
    return new PublishedNumber(
        "KV-cache bytes per token", name, expected, KvCacheSize.bytesPerToken(config, 2));
  }
}
