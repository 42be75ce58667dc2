package dev.lungo.weights;

import dev.lungo.model.GemmaConfig;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.OptConfig;
import dev.lungo.model.RecurrentConfig;

/// What GGUF files call the tensors that Hugging Face checkpoints hold.
final class GgufNames {
  /// Parts of names, in the order in which they are replaced.
  private static final String[][] LLAMA = {
    {"model.embed_tokens.", "token_embd."},
    {"model.norm.", "output_norm."},
    {"lm_head.", "output."},
    {"model.layers.", "blk."},
    {".input_layernorm.", ".attn_norm."},
    {".self_attn.q_proj.", ".attn_q."},
    {".self_attn.k_proj.", ".attn_k."},
    {".self_attn.v_proj.", ".attn_v."},
    {".self_attn.qkv_proj.", ".attn_qkv."},
    {".self_attn.q_norm.", ".attn_q_norm."},
    {".self_attn.k_norm.", ".attn_k_norm."},
    {".self_attn.o_proj.", ".attn_output."},
    {".post_attention_layernorm.", ".ffn_norm."},
    {".mlp.gate_proj.", ".ffn_gate."},
    {".mlp.up_proj.", ".ffn_up."},
    {".mlp.gate_up_proj.", ".ffn_up."},
    {".mlp.down_proj.", ".ffn_down."},
  };

  private static final String[][] GEMMA = {
    {"model.embed_tokens.", "token_embd."},
    {"model.norm.", "output_norm."},
    {"lm_head.", "output."},
    {"model.layers.", "blk."},
    {".input_layernorm.", ".attn_norm."},
    {".self_attn.q_proj.", ".attn_q."},
    {".self_attn.k_proj.", ".attn_k."},
    {".self_attn.v_proj.", ".attn_v."},
    {".self_attn.q_norm.", ".attn_q_norm."},
    {".self_attn.k_norm.", ".attn_k_norm."},
    {".self_attn.o_proj.", ".attn_output."},
    {".post_attention_layernorm.", ".post_attention_norm."},
    {".pre_feedforward_layernorm.", ".ffn_norm."},
    {".post_feedforward_layernorm.", ".post_ffw_norm."},
    {".mlp.gate_proj.", ".ffn_gate."},
    {".mlp.up_proj.", ".ffn_up."},
    {".mlp.down_proj.", ".ffn_down."},
  };

  private static final String[][] GPT2 = {
    {"transformer.wte.", "token_embd."},
    {"transformer.wpe.", "position_embd."},
    {"transformer.ln_f.", "output_norm."},
    {"lm_head.", "output."},
    {"transformer.h.", "blk."},
    {".ln_1.", ".attn_norm."},
    {".attn.c_attn.", ".attn_qkv."},
    {".attn.c_proj.", ".attn_output."},
    {".ln_2.", ".ffn_norm."},
    {".mlp.c_fc.", ".ffn_up."},
    {".mlp.c_proj.", ".ffn_down."},
  };

  private GgufNames() {}

  /// Translates a name.
  static String inFile(ModelConfig config, String name) {
    String[][] pairs =
        switch (config) {
          case LlamaConfig _ -> LLAMA;
          case GemmaConfig _ -> GEMMA;
          case Gpt2Config _ -> GPT2;
          case RecurrentConfig _ ->
              throw new IllegalArgumentException("GGUF files have no recurrent models");
          case OptConfig _ ->
              throw new IllegalArgumentException("GGUF files have no names for OPT's tensors");
        };
    String inFile = name;
    for (String[] pair : pairs) {
      inFile = inFile.replace(pair[0], pair[1]);
    }
    return inFile;
  }
}
