package dev.lungo.tokenizer;

import java.io.OutputStream;
import java.util.Map;
import tools.jackson.core.JsonGenerator;

/// Writes a [PipelineTokenizer] as `tokenizer.json`: its parts as they were read.
final class PipelineJson {
  private PipelineJson() {}

  static void write(PipelineTokenizer tokenizer, OutputStream out) {
    PipelineTokenizer.Definition definition = tokenizer.definition();
    try (JsonGenerator json = TokenizerJsonWriter.generator(out)) {
      TokenizerJsonWriter writer = new TokenizerJsonWriter(json);
      writer.begin(definition.added());
      json.writeName("normalizer");
      json.writeTree(definition.normalizer());
      json.writeName("pre_tokenizer");
      json.writeTree(definition.preTokenizer());
      json.writeName("post_processor");
      writer.frame(tokenizer, definition.frame());
      json.writeName("decoder");
      json.writeTree(definition.decoder());
      json.writeObjectPropertyStart("model");
      switch (definition.model()) {
        case SymbolPairModel model -> pairs(model, json);
        case UnigramModel model -> unigram(model, json);
      }
      json.writeEndObject();
      json.writeEndObject();
    }
  }

  private static void pairs(SymbolPairModel model, JsonGenerator json) {
    SymbolPairModel.Options options = model.options();
    json.writeStringProperty("type", "BPE");
    json.writeNullProperty("dropout");
    if (options.unknown().isPresent()) {
      json.writeStringProperty("unk_token", model.textOf(options.unknown().getAsInt()));
    } else {
      json.writeNullProperty("unk_token");
    }
    json.writeNullProperty("continuing_subword_prefix");
    json.writeNullProperty("end_of_word_suffix");
    json.writeBooleanProperty("fuse_unk", options.fusesUnknown());
    json.writeBooleanProperty("byte_fallback", options.byteFallback());
    json.writeBooleanProperty("ignore_merges", options.wholePiecesFirst());
    json.writeObjectPropertyStart("vocab");
    for (Map.Entry<String, Integer> entry : model.entries()) {
      json.writeNumberProperty(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
    json.writeArrayPropertyStart("merges");
    for (int i = 0; i < model.mergeParts().size(); i += 2) {
      json.writeStartArray();
      json.writeString(model.mergeParts().get(i));
      json.writeString(model.mergeParts().get(i + 1));
      json.writeEndArray();
    }
    json.writeEndArray();
  }

  private static void unigram(UnigramModel model, JsonGenerator json) {
    json.writeStringProperty("type", "Unigram");
    if (model.unknown().isPresent()) {
      json.writeNumberProperty("unk_id", model.unknown().getAsInt());
    } else {
      json.writeNullProperty("unk_id");
    }
    json.writeArrayPropertyStart("vocab");
    for (int id = 0; id < model.size(); id++) {
      json.writeStartArray();
      json.writeString(model.textOf(id));
      json.writeNumber(model.scoreOf(id));
      json.writeEndArray();
    }
    json.writeEndArray();
    json.writeBooleanProperty("byte_fallback", model.byteFallback());
    if (model.singlePrecision()) {
      // Others do not know this, and decide between equally good ways otherwise.
      json.writeBooleanProperty("single_precision", true);
    }
  }
}
