package dev.lungo.model;

/// The models that are Llamas but for a detail.
public enum LlamaFamily {
  /// Llama 1 to 3, and what has their shape, as SmolLM.
  LLAMA("llama", "LlamaForCausalLM", false, false, false),
  /// Mistral (Jiang et al. 2023, arXiv:2310.06825), which may look back over a window only.
  MISTRAL("mistral", "MistralForCausalLM", false, false, false),
  /// Qwen 2 and 2.5 (arXiv:2407.10671): biases on queries, keys and values.
  QWEN2("qwen2", "Qwen2ForCausalLM", true, false, false),
  /// Qwen 3 (arXiv:2505.09388): an RMSNorm on each head of queries and keys.
  QWEN3("qwen3", "Qwen3ForCausalLM", false, true, false),
  /// Phi-3 and 4 (arXiv:2404.14219): projections of the same input lie in one matrix.
  PHI3("phi3", "Phi3ForCausalLM", false, false, true);

  private final String modelType;
  private final String architecture;
  private final boolean biases;
  private final boolean headNorms;
  private final boolean fused;

  LlamaFamily(
      String modelType, String architecture, boolean biases, boolean headNorms, boolean fused) {
    this.modelType = modelType;
    this.architecture = architecture;
    this.biases = biases;
    this.headNorms = headNorms;
    this.fused = fused;
  }

  /// Returns what `config.json` calls it.
  public String modelType() {
    return modelType;
  }

  /// Returns the class that `config.json` names.
  public String architecture() {
    return architecture;
  }

  /// Returns whether queries, keys and values have biases.
  public boolean biases() {
    return biases;
  }

  /// Returns whether each head of queries and keys is normalised.
  public boolean headNorms() {
    return headNorms;
  }

  /// Returns whether checkpoints hold projections of the same input as one matrix.
  public boolean fused() {
    return fused;
  }
}
