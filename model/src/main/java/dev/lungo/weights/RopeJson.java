package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.RopeScaling;
import java.util.LinkedHashMap;
import java.util.Map;

/// The fields of `config.json` that describe rotary positions. Older files keep the base in
/// `rope_theta` and the scaling in `rope_scaling`, newer ones both in `rope_parameters`.
final class RopeJson {
  private static final String KNOWN = "default, linear, dynamic, llama3, yarn and longrope";

  private RopeJson() {}

  static double base(JsonFields fields) throws MalformedFileException {
    return fields.number("rope_theta", fields.number("rope_parameters.rope_theta", 10_000));
  }

  /// Reads how many elements of a head are turned.
  static int turned(JsonFields fields, int headDim) throws MalformedFileException {
    String field = "partial_rotary_factor";
    double part = fields.number(field, fields.number("rope_parameters." + field, 1));
    double turned = headDim * part;
    if (!(part > 0 && part <= 1)) {
      throw fields.malformed(field, "is " + part + ", but must be above 0 and at most 1");
    }
    return (int) turned;
  }

  /// Reads the scaling.
  ///
  /// @param context what `max_position_embeddings` says
  static RopeScaling read(JsonFields fields, int context) throws MalformedFileException {
    return read(fields, fields.has("rope_scaling") ? "rope_scaling" : "rope_parameters", context);
  }

  /// Reads the scaling that the object `outer` describes.
  static RopeScaling read(JsonFields fields, String outer, int context)
      throws MalformedFileException {
    String field = fields.has(outer + ".rope_type") ? outer + ".rope_type" : outer + ".type";
    if (fields.has("rope_scaling") && outer.equals("rope_scaling") && !fields.has(field)) {
      throw fields.malformed(outer, "has no rope_type");
    }
    String type = fields.text(field, "default");
    String in = outer + ".";
    return switch (type) {
      case "default" -> RopeScaling.NONE;
      case "linear" -> new RopeScaling.Linear(fields.number(in + "factor"));
      case "dynamic" -> new RopeScaling.Dynamic(fields.number(in + "factor"), context);
      case "llama3" ->
          new RopeScaling.Llama3(
              fields.number(in + "factor"),
              fields.number(in + "low_freq_factor"),
              fields.number(in + "high_freq_factor"),
              original(fields, in, context));
      // Phi-3's first files call its divisors by other names.
      case "longrope", "su" -> longRope(fields, in, context);
      case "yarn" ->
          fields.has(in + "long_factor")
              ? longRope(fields, in, context)
              : yarn(fields, in, context);
      default ->
          throw fields.malformed(
              field, "is " + JsonHeader.quote(type) + ", but Lungo has only " + KNOWN);
    };
  }

  private static int original(JsonFields fields, String in, int context)
      throws MalformedFileException {
    String field = "original_max_position_embeddings";
    return fields.size(in + field, fields.size(field, context));
  }

  private static RopeScaling yarn(JsonFields fields, String in, int context)
      throws MalformedFileException {
    if (!fields.truth(in + "truncate", true)) {
      throw fields.malformed(in + "truncate", "is false, but Lungo rounds the ramp's ends");
    }
    int original = original(fields, in, context);
    double factor = fields.number(in + "factor", (double) context / original);
    double usual = RopeScaling.Yarn.usualFactor(factor);
    if (fields.has(in + "mscale") && fields.has(in + "mscale_all_dim")) {
      double logarithm = (usual - 1) * fields.number(in + "mscale");
      usual = (logarithm + 1) / ((usual - 1) * fields.number(in + "mscale_all_dim") + 1);
    }
    return new RopeScaling.Yarn(
        factor,
        original,
        fields.number(in + "beta_fast", 32),
        fields.number(in + "beta_slow", 1),
        fields.number(in + "attention_factor", usual));
  }

  private static RopeScaling longRope(JsonFields fields, String in, int context)
      throws MalformedFileException {
    int original = original(fields, in, context);
    double factor = fields.number(in + "factor", (double) context / original);
    double usual = RopeScaling.LongRope.usualFactor(factor, original);
    return new RopeScaling.LongRope(
        fields.numbers(in + "short_factor"),
        fields.numbers(in + "long_factor"),
        original,
        fields.number(in + "attention_factor", usual));
  }

  /// Describes a model's rotary positions, the older way that every version reads.
  static void describe(LlamaConfig config, Map<String, Object> fields) {
    fields.put("rope_theta", config.ropeBase());
    if (config.rotaryDim() != config.headDim()) {
      fields.put("partial_rotary_factor", (double) config.rotaryDim() / config.headDim());
    }
    Map<String, Object> scaling = describe(config.ropeScaling());
    if (!scaling.isEmpty()) {
      fields.put("rope_scaling", scaling);
    }
    if (config.ropeScaling() instanceof RopeScaling.Dynamic dynamic) {
      fields.put("max_position_embeddings", dynamic.originalContext());
    }
    if (config.ropeScaling() instanceof RopeScaling.LongRope longRope) {
      fields.put("original_max_position_embeddings", longRope.originalContext());
    }
  }

  static Map<String, Object> describe(RopeScaling scaling) {
    Map<String, Object> fields = new LinkedHashMap<>();
    switch (scaling) {
      case RopeScaling.None _ -> {}
      case RopeScaling.Linear linear -> {
        fields.put("rope_type", "linear");
        fields.put("factor", linear.factor());
      }
      case RopeScaling.Dynamic dynamic -> {
        fields.put("rope_type", "dynamic");
        fields.put("factor", dynamic.factor());
      }
      case RopeScaling.Llama3 llama -> {
        fields.put("rope_type", "llama3");
        fields.put("factor", llama.factor());
        fields.put("low_freq_factor", llama.lowFrequencyFactor());
        fields.put("high_freq_factor", llama.highFrequencyFactor());
        fields.put("original_max_position_embeddings", llama.originalContext());
      }
      case RopeScaling.Yarn yarn -> {
        fields.put("rope_type", "yarn");
        fields.put("factor", yarn.factor());
        fields.put("original_max_position_embeddings", yarn.originalContext());
        fields.put("beta_fast", yarn.betaFast());
        fields.put("beta_slow", yarn.betaSlow());
        fields.put("attention_factor", yarn.attentionFactor());
      }
      case RopeScaling.LongRope longRope -> {
        fields.put("rope_type", "longrope");
        fields.put("short_factor", longRope.shortFactors());
        fields.put("long_factor", longRope.longFactors());
        fields.put("attention_factor", longRope.attentionFactor());
      }
      case RopeScaling.Divisors _ ->
          throw new IllegalArgumentException(
              "config.json cannot hold the divisors of rotary angles that a GGUF file holds");
    }
    return fields;
  }
}
