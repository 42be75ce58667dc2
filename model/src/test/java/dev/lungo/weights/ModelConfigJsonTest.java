package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.LlamaFamily;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.OptConfig;
import dev.lungo.model.PublishedModels;
import dev.lungo.model.RopeScaling;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigJsonTest {
  private static final LlamaConfig LLAMA =
      new LlamaConfig(4096, 256, 6, 8, 2, 32, 688, 256, 1e-5f, 500_000f, true);
  private static final Gpt2Config GPT2 = new Gpt2Config(4096, 256, 6, 4, 256, 1e-5f, false);
  private static final String SMALL =
      """
      {"model_type":"llama","vocab_size":512,"hidden_size":64,"intermediate_size":172,"num_hidden_layers":5,
       "num_attention_heads":8,"num_key_value_heads":4,"max_position_embeddings":512,"rms_norm_eps":1e-05,
       "rope_theta":10000.0,"hidden_act":"silu","tie_word_embeddings":true,"rope_scaling":null}
      """;
  private static final String SMALL_GPT2 =
      "{\"model_type\":\"gpt2\",\"vocab_size\":3,\"n_embd\":48,\"n_layer\":3,\"n_head\":3,\"n_positions\":11}";

  private static final String SMALL_GEMMA =
      """
      {"model_type":"gemma2","vocab_size":288,"hidden_size":48,"num_hidden_layers":2,"num_attention_heads":4,
       "num_key_value_heads":2,"head_dim":16,"intermediate_size":80,"max_position_embeddings":256,
       "hidden_activation":"gelu_pytorch_tanh","query_pre_attn_scalar":16,"sliding_window":12,
       "attn_logit_softcapping":50,"final_logit_softcapping":30,"attention_bias":false}
      """;
  private static final String SMALL_OPT =
      """
      {"model_type":"opt","vocab_size":288,"hidden_size":48,"num_hidden_layers":2,"num_attention_heads":3,
       "ffn_dim":96,"max_position_embeddings":256}
      """;

  @TempDir Path folder;

  private ModelConfig read(String json) throws IOException {
    return ModelConfigJson.read(Files.writeString(folder.resolve("config.json"), json));
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    SpecialTokenIds ids =
        new SpecialTokenIds(OptionalInt.of(1), List.of(2, 5), OptionalInt.empty());
    for (ModelConfig config : written()) {
      ModelConfigJson.write(folder, config, ids);
      assertThat(ModelConfigJson.read(folder)).isEqualTo(config);
      assertThat(ModelConfigJson.read(folder.resolve("config.json"))).isEqualTo(config);
      assertThat(ModelConfigJson.readSpecialTokens(folder)).isEqualTo(ids);
    }
    ModelConfigJson.write(folder, GPT2, SpecialTokenIds.NONE);
    assertThat(ModelConfigJson.readSpecialTokens(folder)).isEqualTo(SpecialTokenIds.NONE);
  }

  private static List<ModelConfig> written() {
    int all = AttentionShape.UNLIMITED;
    List<Double> factors = Collections.nCopies(16, 1.25);
    List<ModelConfig> configs = new ArrayList<>(List.of(LLAMA, GPT2));
    for (LlamaFamily family : LlamaFamily.values()) {
      configs.add(LLAMA.of(family));
    }
    for (RopeScaling scaling :
        List.of(
            new RopeScaling.Linear(4),
            new RopeScaling.Llama3(8, 1, 4, 8192),
            new RopeScaling.Yarn(2, 128),
            new RopeScaling.Yarn(2, 128, 30, 2, 1.1))) {
      configs.add(LLAMA.with(LlamaFamily.QWEN2, 32, scaling, all));
    }
    configs.add(
        LLAMA.with(LlamaFamily.PHI3, 32, new RopeScaling.LongRope(factors, factors, 64, 1.2), all));
    configs.add(LLAMA.with(LlamaFamily.PHI3, 24, RopeScaling.NONE, 77));
    configs.add(LLAMA.with(LlamaFamily.MISTRAL, 32, RopeScaling.NONE, 77));
    configs.add(LLAMA.with(LlamaFamily.QWEN3, 32, RopeScaling.NONE, 77));
    configs.add(LLAMA.with(AttentionPattern.parse("window:9")));
    for (String pattern :
        List.of("strided:8", "fixed:8,summary:2", "global:4,window:9", "sinks:4,window:9")) {
      configs.add(LLAMA.with(AttentionPattern.parse(pattern)));
      configs.add(GPT2.with(AttentionPattern.parse(pattern)));
    }
    configs.add(PublishedModels.GEMMA_2_2B);
    configs.add(PublishedModels.GEMMA_3_1B);
    configs.add(PublishedModels.OPT_125M);
    return configs;
  }

  @Test
  void whatConfigJsonCannotSayIsNotWritten() {
    for (LlamaConfig config :
        List.of(
            LLAMA.with(
                LlamaFamily.LLAMA,
                32,
                new RopeScaling.Divisors(Collections.nCopies(16, 2.0)),
                AttentionShape.UNLIMITED),
            LLAMA.with(LlamaFamily.LLAMA, 32, RopeScaling.NONE, 9))) {
      assertThatThrownBy(() -> ModelConfigJson.write(folder, config, SpecialTokenIds.NONE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("config.json cannot");
    }
  }

  @Test
  void ggufFilesCannotSayWhichPatternAModelHas() {
    AttentionPattern pattern = AttentionPattern.parse("sinks:4,window:9");
    for (ModelConfig config : List.of(LLAMA.with(pattern), GPT2.with(pattern))) {
      assertThatThrownBy(() -> GgufMetadata.of(config))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("GGUF files cannot say that attention is sinks:4,window:9");
    }
  }

  @Test
  void patternsThatAreNotCausalAreNoDecoders() {
    assertThatThrownBy(() -> LLAMA.with(AttentionPattern.parse("everything,global:4,window:9")))
        .hasMessageContaining("needs a causal pattern");
  }

  @Test
  void absentFieldsMeanWhatHuggingFaceSays() throws IOException {
    assertThat(
            read(
                """
                {"model_type":"llama","vocab_size":512,"hidden_size":64,"intermediate_size":172,
                 "num_hidden_layers":5,"num_attention_heads":8,"max_position_embeddings":512}
                """))
        .isEqualTo(new LlamaConfig(512, 64, 5, 8, 8, 8, 172, 512, 1e-6f, 10_000f, false));
    assertThat(read(SMALL_GPT2)).isEqualTo(new Gpt2Config(3, 48, 3, 3, 11, 1e-5f, true));
  }

  @Test
  void newerFilesKeepTheBaseOfTheAnglesElsewhere() throws IOException {
    String json =
        SMALL.replace(
            "\"rope_theta\":10000.0",
            "\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":5e5}");
    assertThat(((LlamaConfig) read(json)).ropeBase()).isEqualTo(500_000f);
  }

  @Test
  void trainedModelsAreDescribed() throws IOException {
    Path models = Path.of(System.getProperty("lungo.testdata", "../shared/data"), "models");
    assumeTrue(Files.exists(models), "missing test data: models");
    assertThat(ModelConfigJson.read(models.resolve("stories260K")))
        .isEqualTo(new LlamaConfig(512, 64, 5, 8, 4, 8, 172, 512, 1e-5f, 10_000f, true));
    assertThat(ModelConfigJson.readSpecialTokens(models.resolve("stories260K")))
        .isEqualTo(new SpecialTokenIds(OptionalInt.of(1), List.of(2), OptionalInt.empty()));
    assertThat(ModelConfigJson.read(models.resolve("gpt-nano-sort")))
        .isEqualTo(new Gpt2Config(3, 48, 3, 3, 11, 1e-5f, false));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "vocab_size":512           | "vocab_size":0                     | vocab_size
          "vocab_size":512           | "vocab_size":1.5                   | vocab_size
          "vocab_size":512           | "vocab_size":"512"                 | vocab_size
          "vocab_size":512           | "vocab_size":99999999999           | vocab_size
          "vocab_size":512           | "vocab_size":99999999999999999999  | vocab_size
          "vocab_size":512           | "vocab_size":NaN                   | JSON
          "vocab_size":512           | "vocab_size":null                  | vocab_size
          "vocab_size":512           | "other":1                          | vocab_size
          "vocab_size":512           | "vocab_size":512,"vocab_size":512  | JSON
          "num_hidden_layers":5      | "num_hidden_layers":1000000000     | sizes
          "num_attention_heads":8    | "num_attention_heads":7            | num_attention_heads
          "num_attention_heads":8    | "num_attention_heads":-8           | num_attention_heads
          "num_key_value_heads":4    | "num_key_value_heads":3            | sizes
          "num_key_value_heads":4    | "num_key_value_heads":4,"head_dim":7 | sizes
          "rms_norm_eps":1e-05       | "rms_norm_eps":1e999               | rms_norm_eps
          "rms_norm_eps":1e-05       | "rms_norm_eps":-1                  | sizes
          "rms_norm_eps":1e-05       | "rms_norm_eps":1e-60               | sizes
          "rms_norm_eps":1e-05       | "rms_norm_eps":"NaN"               | rms_norm_eps
          "rope_theta":10000.0       | "rope_theta":1e300                 | sizes
          "rope_theta":10000.0       | "rope_theta":0                     | sizes
          "hidden_act":"silu"        | "hidden_act":"gelu"                | hidden_act
          "hidden_act":"silu"        | "attention_bias":true              | attention_bias
          "hidden_act":"silu"        | "attention_bias":"no"              | attention_bias
          "rope_scaling":null        | "rope_scaling":{"rope_type":"magic"} | rope_scaling.rope_type
          "rope_scaling":null        | "rope_scaling":{"factor":2}        | rope_scaling
          "rope_scaling":null        | "rope_scaling":{"type":"linear"}   | rope_scaling.factor
          "rope_scaling":null        | "rope_scaling":{"type":"linear","factor":"NaN"} | rope_scaling.factor
          "rope_scaling":null        | "rope_scaling":{"type":"linear","factor":0}     | sizes
          "rope_scaling":null        | "rope_scaling":{"type":"linear","factor":-2}    | sizes
          "rope_scaling":null        | "rope_scaling":{"type":"yarn","factor":4,"truncate":false} | rope_scaling.truncate
          "rope_scaling":null        | "rope_scaling":{"type":"yarn","factor":4,"beta_fast":-1}   | sizes
          "rope_scaling":null        | "rope_scaling":{"type":"llama3","factor":4,"low_freq_factor":4,"high_freq_factor":1} | sizes
          "rope_scaling":null        | "rope_scaling":{"type":"longrope","factor":4,"short_factor":[1,1,1,1]} | rope_scaling.long_factor
          "rope_scaling":null        | "rope_scaling":{"type":"longrope","factor":4,"short_factor":[1],"long_factor":[1]} | sizes
          "rope_scaling":null        | "rope_scaling":{"type":"longrope","factor":4,"short_factor":[1,"a"]}   | rope_scaling.short_factor
          "rope_scaling":null        | "partial_rotary_factor":0          | partial_rotary_factor
          "rope_scaling":null        | "partial_rotary_factor":0.4        | sizes
          "rope_scaling":null        | "layer_types":["sliding_attention"] | layer_types
          "rope_scaling":null        | "layer_types":[1]                  | layer_types
          "rope_scaling":null        | "layer_types":"full_attention"     | layer_types
          "model_type":"llama"       | "model_type":"mamba"               | model_type
          "model_type":"llama"       | "model_type":7                     | model_type
          "model_type":"llama"       | "kind":"llama"                     | model_type
          """)
  void nonsenseIsRefusedByName(String good, String bad, String field) throws IOException {
    assertThat(SMALL).contains(good);
    assertRefused(SMALL.replace(good, bad), field);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "mistral" | "sliding_window":0                                   | sliding_window
          "mistral" | "sliding_window":-5                                  | sliding_window
          "mistral" | "sliding_window":8,"layer_types":["full_attention"]  | layer_types
          "qwen2"   | "use_sliding_window":true,"max_window_layers":3      | max_window_layers
          "qwen2"   | "use_sliding_window":true,"max_window_layers":0      | sliding_window
          "qwen3"   | "attention_bias":true                                | attention_bias
          "qwen3"   | "num_key_value_heads":null                           | num_key_value_heads
          """)
  void nonsenseInTheFamilyIsRefusedByName(String type, String fields, String field)
      throws IOException {
    String json = SMALL.replace("\"llama\"", type).replace("\"rope_scaling\":null", fields);
    if (fields.contains("num_key_value_heads")) {
      json = json.replace("\"num_key_value_heads\":4,", "");
    }
    assertRefused(json, field);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "head_dim":16                | "head_dim":15                          | sizes
          "head_dim":16                | "other":16                             | head_dim
          "sliding_window":12          | "sliding_window":-1                    | sliding_window
          "sliding_window":12          | "sliding_window":null                  | sliding_window
          "query_pre_attn_scalar":16   | "query_pre_attn_scalar":0              | sizes
          "query_pre_attn_scalar":16   | "query_pre_attn_scalar":"NaN"          | query_pre_attn_scalar
          "attn_logit_softcapping":50  | "attn_logit_softcapping":-50           | sizes
          "final_logit_softcapping":30 | "final_logit_softcapping":0            | sizes
          "hidden_activation":"gelu_pytorch_tanh" | "hidden_activation":"gelu"  | hidden_activation
          "attention_bias":false       | "attention_bias":true                  | attention_bias
          "attention_bias":false       | "use_bidirectional_attention":true     | use_bidirectional_attention
          "attention_bias":false       | "rope_scaling":{"rope_type":"linear","factor":8} | rope_scaling
          "attention_bias":false       | "layer_types":["full_attention"]       | layer_types
          "attention_bias":false       | "layer_types":["sliding_attention","sliding_attention"],"sliding_window_pattern":2 | layer_types
          """)
  void nonsenseInGemmaIsRefusedByName(String good, String bad, String field) throws IOException {
    assertThat(SMALL_GEMMA).contains(good);
    assertRefused(SMALL_GEMMA.replace(good, bad), field);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "ffn_dim":96  | "ffn_dim":96,"word_embed_proj_dim":512        | word_embed_proj_dim
          "ffn_dim":96  | "ffn_dim":96,"do_layer_norm_before":false     | do_layer_norm_before
          "ffn_dim":96  | "ffn_dim":96,"_remove_final_layer_norm":true  | _remove_final_layer_norm
          "ffn_dim":96  | "ffn_dim":96,"activation_function":"gelu"     | activation_function
          "ffn_dim":96  | "ffn_dim":-96                                 | ffn_dim
          "num_attention_heads":3 | "num_attention_heads":5             | num_attention_heads
          "num_hidden_layers":2   | "num_hidden_layers":1000000000      | sizes
          """)
  void nonsenseInOptIsRefusedByName(String good, String bad, String field) throws IOException {
    assertThat(SMALL_OPT).contains(good);
    assertThat(read(SMALL_OPT)).isEqualTo(new OptConfig(288, 48, 2, 3, 96, 256, true));
    assertRefused(SMALL_OPT.replace(good, bad), field);
  }

  @Test
  void theFamilysDetailsAreRead() throws IOException {
    String mistral = SMALL.replace("llama", "mistral");
    assertThat(((LlamaConfig) read(mistral)).window()).isEqualTo(4096);
    assertThat(window(mistral, "null")).isEqualTo(AttentionShape.UNLIMITED);
    assertThat(window(mistral, "17")).isEqualTo(17);
    LlamaConfig qwen = (LlamaConfig) read(SMALL.replace("llama", "qwen3"));
    assertThat(qwen.family()).isEqualTo(LlamaFamily.QWEN3);
    assertThat(qwen.headDim()).isEqualTo(128);
    String unused = SMALL.replace("llama", "qwen2").replace("rope_scaling", "sliding_window");
    assertThat(window(unused, "7")).isEqualTo(AttentionShape.UNLIMITED);
    LlamaConfig phi =
        (LlamaConfig)
            read(
                SMALL
                    .replace("llama", "phi3")
                    .replace("\"rope_scaling\":null", "\"partial_rotary_factor\":0.75"));
    assertThat(phi.rotaryDim()).isEqualTo(6);
    assertThat(phi.family().fused()).isTrue();
  }

  private int window(String json, String value) throws IOException {
    return ((LlamaConfig)
            read(
                json.replace("\"rope_theta\"", "\"sliding_window\":" + value + ",\"rope_theta\"")
                    .replace("\"sliding_window\":null}", "\"rope_scaling\":null}")))
        .window();
  }

  @Test
  void scalingOfPositionsIsReadInOldFilesAndNew() throws IOException {
    for (String outer : List.of("rope_scaling", "rope_parameters")) {
      assertThat(scaling(outer, "\"rope_type\":\"linear\",\"factor\":4"))
          .isEqualTo(new RopeScaling.Linear(4));
      assertThat(scaling(outer, "\"rope_type\":\"dynamic\",\"factor\":2"))
          .isEqualTo(new RopeScaling.Dynamic(2, 512));
      assertThat(
              scaling(
                  outer,
                  "\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1,"
                      + "\"high_freq_factor\":4,\"original_max_position_embeddings\":128"))
          .isEqualTo(new RopeScaling.Llama3(8, 1, 4, 128));
      assertThat(
              scaling(
                  outer,
                  "\"rope_type\":\"yarn\",\"factor\":16,"
                      + "\"original_max_position_embeddings\":128"))
          .isEqualTo(new RopeScaling.Yarn(16, 128));
      assertThat(
              scaling(
                  outer,
                  "\"rope_type\":\"longrope\",\"short_factor\":[1,1.5,2,3],"
                      + "\"long_factor\":[2,3,4,5],\"original_max_position_embeddings\":128"))
          .isEqualTo(
              new RopeScaling.LongRope(
                  List.of(1.0, 1.5, 2.0, 3.0),
                  List.of(2.0, 3.0, 4.0, 5.0),
                  128,
                  Math.sqrt(1 + Math.log(4) / Math.log(128))));
    }
  }

  private RopeScaling scaling(String outer, String fields) throws IOException {
    String json = SMALL.replace("\"rope_scaling\":null", "\"" + outer + "\":{" + fields + "}");
    return ((LlamaConfig) read(json)).ropeScaling();
  }

  @Test
  void stretchedModelsTakeLongerTexts() throws IOException {
    assertThat(
            read(SMALL.replace(
                    "\"rope_scaling\":null",
                    "\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2}"))
                .context())
        .isEqualTo(1024);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "n_head":3        | "n_head":5                         | n_head
          "n_layer":3       | "n_layer":3,"n_inner":100          | n_inner
          "n_layer":3       | "n_layer":3,"activation_function":"gelu" | activation_function
          "n_layer":3       | "n_layer":3,"scale_attn_weights":false   | scale_attn_weights
          "n_embd":48       | "n_embd":1999999998                | sizes
          """)
  void nonsenseInGpt2IsRefusedByName(String good, String bad, String field) throws IOException {
    assertThat(SMALL_GPT2).contains(good);
    assertRefused(SMALL_GPT2.replace(good, bad), field);
  }

  private void assertRefused(String json, String field) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOfSatisfying(
            MalformedFileException.class,
            refusal -> {
              assertThat(refusal.field()).as(refusal.getMessage()).isEqualTo(field);
              assertThat(refusal.offset()).isBetween(0L, (long) json.length());
            });
  }

  @Test
  void deepAndLargeFilesAreRefused() {
    assertThatThrownBy(() -> read("{\"a\":".repeat(10_000)))
        .isInstanceOf(MalformedFileException.class);
    assertThatThrownBy(() -> read("{\"a\":" + "[".repeat(10_000)))
        .isInstanceOf(MalformedFileException.class);
    assertThatThrownBy(() -> read(" ".repeat(2 << 20)))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("more than");
    assertThatThrownBy(() -> read("")).isInstanceOf(MalformedFileException.class);
  }

  @Test
  void specialIdsThatAreNoIdsAreRefused() throws IOException {
    for (String ids :
        List.of(
            "\"bos_token_id\":[1,2]",
            "\"eos_token_id\":-1",
            "\"eos_token_id\":[[1]]",
            "\"pad_token_id\":3000000000",
            "\"eos_token_id\":{\"a\":1}")) {
      Files.writeString(folder.resolve("config.json"), "{" + ids + "}");
      assertThatThrownBy(() -> ModelConfigJson.readSpecialTokens(folder))
          .as(ids)
          .isInstanceOf(MalformedFileException.class);
    }
  }

  @Test
  void mutationsNeverEscape() throws IOException {
    byte[] original = SMALL.getBytes(StandardCharsets.UTF_8);
    byte[] alphabet = "{}[]\",:0123456789eE-.\\u \u0000".getBytes(StandardCharsets.ISO_8859_1);
    SplittableRandom random = new SplittableRandom(7);
    Path file = folder.resolve("config.json");
    int refused = 0;
    for (int round = 0; round < 800; round++) {
      byte[] bytes = original.clone();
      for (int i = 0; i <= random.nextInt(3); i++) {
        bytes[random.nextInt(bytes.length)] = alphabet[random.nextInt(alphabet.length)];
      }
      Files.write(file, bytes);
      try {
        ModelConfigJson.read(file);
      } catch (MalformedFileException expected) {
        refused++;
      }
    }
    assertThat(refused).isBetween(200, 799);
  }
}
