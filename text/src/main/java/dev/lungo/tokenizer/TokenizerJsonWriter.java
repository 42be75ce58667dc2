package dev.lungo.tokenizer;

import java.io.OutputStream;
import java.text.Normalizer;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.json.JsonMapper;

/// Writes tokenizers as Hugging Face `tokenizer.json`, so that other tools open them. The caller's
/// stream stays open.
final class TokenizerJsonWriter {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

  private final JsonGenerator json;

  TokenizerJsonWriter(JsonGenerator json) {
    this.json = json;
  }

  static void write(BytePairTokenizer tokenizer, OutputStream out) {
    BytePairDefinition definition = tokenizer.definition();
    try (JsonGenerator json = generator(out)) {
      TokenizerJsonWriter writer = new TokenizerJsonWriter(json);
      writer.begin(definition.added());
      writer.normalizer(definition.normalization());
      writer.preTokenizer(definition);
      json.writeName("post_processor");
      writer.template(tokenizer, definition.frame());
      json.writeName("decoder");
      writer.byteLevel(false, true);
      writer.model(tokenizer);
      json.writeEndObject();
    }
  }

  static JsonGenerator generator(OutputStream out) {
    return MAPPER.writerWithDefaultPrettyPrinter().createGenerator(out);
  }

  /// Opens the document and writes what stands before the normalizer.
  void begin(List<AddedToken> added) {
    json.writeStartObject();
    json.writeStringProperty("version", "1.0");
    json.writeNullProperty("truncation");
    json.writeNullProperty("padding");
    json.writeArrayPropertyStart("added_tokens");
    for (AddedToken token : added) {
      json.writeStartObject();
      json.writeNumberProperty("id", token.id());
      json.writeStringProperty("content", token.content());
      json.writeBooleanProperty("single_word", token.singleWord());
      json.writeBooleanProperty("lstrip", token.takesSpaceBefore());
      json.writeBooleanProperty("rstrip", token.takesSpaceAfter());
      json.writeBooleanProperty("normalized", token.normalized());
      json.writeBooleanProperty("special", token.special());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void normalizer(Optional<Normalizer.Form> form) {
    if (form.isPresent()) {
      json.writeObjectPropertyStart("normalizer");
      json.writeStringProperty("type", form.get().name());
      json.writeEndObject();
    } else {
      json.writeNullProperty("normalizer");
    }
  }

  private void preTokenizer(BytePairDefinition definition) {
    json.writeName("pre_tokenizer");
    if (definition.splitter() instanceof Gpt2Splitter) {
      byteLevel(definition.spaceBefore(), true);
      return;
    }
    json.writeStartObject();
    json.writeStringProperty("type", "Sequence");
    json.writeArrayPropertyStart("pretokenizers");
    List<Splitter> steps =
        definition.splitter() instanceof SequenceSplitter sequence
            ? sequence.steps()
            : List.of(definition.splitter());
    boolean alphabet = false;
    for (Splitter step : steps) {
      // What sees the alphabet stands behind the step that makes it.
      if (step instanceof RegexSplitter regex && regex.seesAlphabet() && !alphabet) {
        alphabet = true;
        byteLevel(definition.spaceBefore(), false);
      }
      split(step.pattern());
    }
    if (!alphabet) {
      byteLevel(definition.spaceBefore(), false);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void split(String expression) {
    json.writeStartObject();
    json.writeStringProperty("type", "Split");
    json.writeObjectPropertyStart("pattern");
    json.writeStringProperty("Regex", expression);
    json.writeEndObject();
    json.writeStringProperty("behavior", "Isolated");
    json.writeBooleanProperty("invert", false);
    json.writeEndObject();
  }

  private void byteLevel(boolean spaceBefore, boolean useRegex) {
    json.writeStartObject();
    json.writeStringProperty("type", "ByteLevel");
    json.writeBooleanProperty("add_prefix_space", spaceBefore);
    json.writeBooleanProperty("trim_offsets", false);
    json.writeBooleanProperty("use_regex", useRegex);
    json.writeEndObject();
  }

  private void template(Tokenizer tokenizer, BytePairDefinition.Frame frame) {
    if (frame.before().length + frame.after().length == 0) {
      byteLevel(false, true);
    } else {
      frame(tokenizer, frame);
    }
  }

  /// Writes what stands around a text, `null` for nothing.
  void frame(Tokenizer tokenizer, BytePairDefinition.Frame frame) {
    if (frame.before().length + frame.after().length == 0) {
      json.writeNull();
      return;
    }
    json.writeStartObject();
    json.writeStringProperty("type", "TemplateProcessing");
    for (String form : List.of("single", "pair")) {
      json.writeArrayPropertyStart(form);
      for (String sequence : form.equals("single") ? List.of("A") : List.of("A", "B")) {
        int type = sequence.equals("A") ? 0 : 1;
        templateTokens(tokenizer, frame.before(), type);
        templateItem("Sequence", sequence, type);
        templateTokens(tokenizer, frame.after(), type);
      }
      json.writeEndArray();
    }
    json.writeObjectPropertyStart("special_tokens");
    TreeSet<Integer> ids = new TreeSet<>();
    for (int id : frame.before()) {
      ids.add(id);
    }
    for (int id : frame.after()) {
      ids.add(id);
    }
    for (int id : ids) {
      json.writeObjectPropertyStart(tokenizer.nameOf(id));
      json.writeStringProperty("id", tokenizer.nameOf(id));
      json.writeArrayPropertyStart("ids");
      json.writeNumber(id);
      json.writeEndArray();
      json.writeArrayPropertyStart("tokens");
      json.writeString(tokenizer.nameOf(id));
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private void templateTokens(Tokenizer tokenizer, int[] ids, int type) {
    for (int id : ids) {
      templateItem("SpecialToken", tokenizer.nameOf(id), type);
    }
  }

  private void templateItem(String kind, String id, int type) {
    json.writeStartObject();
    json.writeObjectPropertyStart(kind);
    json.writeStringProperty("id", id);
    json.writeNumberProperty("type_id", type);
    json.writeEndObject();
    json.writeEndObject();
  }

  private void model(BytePairTokenizer tokenizer) {
    BytePairDefinition definition = tokenizer.definition();
    Vocabulary vocabulary = tokenizer.vocabulary();
    json.writeObjectPropertyStart("model");
    json.writeStringProperty("type", "BPE");
    json.writeNullProperty("dropout");
    json.writeNullProperty("unk_token");
    json.writeNullProperty("continuing_subword_prefix");
    json.writeNullProperty("end_of_word_suffix");
    json.writeBooleanProperty("fuse_unk", false);
    json.writeBooleanProperty("byte_fallback", false);
    json.writeBooleanProperty("ignore_merges", definition.wholePiecesFirst());
    json.writeObjectPropertyStart("vocab");
    for (int id = 0; id < vocabulary.size(); id++) {
      if (vocabulary.lengthOf(id) > 0) {
        json.writeNumberProperty(ByteAlphabet.write(vocabulary.bytesOf(id)), id);
      }
    }
    json.writeEndObject();
    json.writeArrayPropertyStart("merges");
    int[] merges = definition.idsAreRanks() ? RankedMerges.of(vocabulary) : definition.merges();
    for (int i = 0; i < merges.length; i += 3) {
      json.writeStartArray();
      json.writeString(ByteAlphabet.write(vocabulary.bytesOf(merges[i])));
      json.writeString(ByteAlphabet.write(vocabulary.bytesOf(merges[i + 1])));
      json.writeEndArray();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  static void write(CharacterTokenizer tokenizer, OutputStream out) {
    try (JsonGenerator json = generator(out)) {
      TokenizerJsonWriter writer = new TokenizerJsonWriter(json);
      writer.begin(List.of());
      json.writeNullProperty("normalizer");
      json.writeObjectPropertyStart("pre_tokenizer");
      json.writeStringProperty("type", "Split");
      json.writeObjectPropertyStart("pattern");
      json.writeStringProperty("Regex", CharacterTokenizer.PATTERN);
      json.writeEndObject();
      json.writeStringProperty("behavior", "Isolated");
      json.writeBooleanProperty("invert", false);
      json.writeEndObject();
      json.writeNullProperty("post_processor");
      json.writeObjectPropertyStart("decoder");
      json.writeStringProperty("type", "Fuse");
      json.writeEndObject();
      json.writeObjectPropertyStart("model");
      json.writeStringProperty("type", "WordLevel");
      json.writeObjectPropertyStart("vocab");
      for (int id = 0; id < tokenizer.vocabularySize(); id++) {
        json.writeNumberProperty(tokenizer.nameOf(id), id);
      }
      json.writeEndObject();
      // WordLevel demands a name; a character that is not in the vocabulary is an error all the
      // same.
      json.writeStringProperty("unk_token", "<unk>");
      json.writeEndObject();
      json.writeEndObject();
    }
  }
}
