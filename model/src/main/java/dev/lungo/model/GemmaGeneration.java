package dev.lungo.model;

/// The generations of Gemma that Lungo has.
public enum GemmaGeneration {
  /// Gemma 2 (arXiv:2408.00118): bounded scores and logits.
  GEMMA2("gemma2", "Gemma2ForCausalLM", false),
  /// Gemma 3 (arXiv:2503.19786): a norm on each head of queries and keys instead, and rotary angles
  /// of their own in the layers with a window.
  GEMMA3("gemma3_text", "Gemma3ForCausalLM", true);

  private final String modelType;
  private final String architecture;
  private final boolean headNorms;

  GemmaGeneration(String modelType, String architecture, boolean headNorms) {
    this.modelType = modelType;
    this.architecture = architecture;
    this.headNorms = headNorms;
  }

  /// Returns what `config.json` calls it.
  public String modelType() {
    return modelType;
  }

  /// Returns the class that `config.json` names.
  public String architecture() {
    return architecture;
  }

  /// Returns whether each head of queries and keys is normalised.
  public boolean headNorms() {
    return headNorms;
  }
}
