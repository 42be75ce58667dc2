package dev.lungo.tune;

import dev.lungo.file.MalformedFileException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.csv.CsvFactory;
import tools.jackson.dataformat.csv.CsvMapper;
import tools.jackson.dataformat.csv.CsvReadFeature;

/// Texts with labels, read from a `.csv` whose first line names its columns, or from a `.jsonl` of
/// objects.
///
/// @param all in the order of the file; those without text are not among them
/// @param empty where there was no text
public record LabeledTexts(List<Item> all, List<String> empty) {
  private static final int LONGEST_TEXT = 1 << 27;

  /// A text with its label.
  ///
  /// @param place where it is from, as `line 12` or a path
  public record Item(String place, String text, String label) {}

  public LabeledTexts {
    all = List.copyOf(all);
    empty = List.copyOf(empty);
  }

  /// Reads a file.
  ///
  /// @param textField the column or field that holds the text
  /// @param labelField the one that holds the label
  /// @throws MalformedFileException that names the line, if one is not what the format says
  public static LabeledTexts read(Path file, String textField, String labelField)
      throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "there are no data of this name");
    }
    if (Files.isDirectory(file)) {
      throw new IOException(file + " is a folder; give a .csv or .jsonl file");
    }
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    Collector collector = new Collector(file);
    try (BufferedReader reader = open(file)) {
      if (name.endsWith(".csv") || name.endsWith(".tsv")) {
        readRows(reader, name.endsWith(".tsv") ? '\t' : ',', textField, labelField, collector);
      } else if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
        readLines(reader, textField, labelField, collector);
      } else {
        throw new IOException(file + ": labelled texts come in .csv, .tsv or .jsonl");
      }
    } catch (CharacterCodingException e) {
      throw collector.malformed("is not UTF-8; save it so");
    }
    return new LabeledTexts(collector.items, collector.empty);
  }

  private static BufferedReader open(Path file) throws IOException {
    return new BufferedReader(
        new InputStreamReader(
            Files.newInputStream(file),
            StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT)));
  }

  /// Takes what is read, and knows the line for messages.
  private static final class Collector {
    private final Path file;
    private final List<Item> items = new ArrayList<>();
    private final List<String> empty = new ArrayList<>();
    private long line = 1;

    Collector(Path file) {
      this.file = file;
    }

    MalformedFileException malformed(String reason) {
      return new MalformedFileException(file.toString(), 0, "line " + line, reason);
    }

    void add(String text, String label) throws MalformedFileException {
      String place = "line " + line;
      if (label.isBlank()) {
        throw malformed("has no label");
      }
      if (text.isBlank()) {
        empty.add(place);
      } else {
        items.add(new Item(place, text, label.strip()));
      }
    }
  }

  private static void readRows(
      Reader reader, char separator, String textField, String labelField, Collector collector)
      throws IOException {
    CsvMapper mapper =
        new CsvMapper(
            CsvFactory.builder()
                .streamReadConstraints(
                    StreamReadConstraints.builder().maxStringLength(LONGEST_TEXT).build())
                .build());
    try (MappingIterator<String[]> rows =
        mapper
            .readerFor(String[].class)
            .with(mapper.schema().withColumnSeparator(separator))
            .with(CsvReadFeature.WRAP_AS_ARRAY)
            .readValues(reader)) {
      List<String> columns = List.of();
      int text = 0;
      int label = 0;
      while (rows.hasNextValue()) {
        String[] row = rows.nextValue();
        if (columns.isEmpty()) {
          columns = header(row);
          text = column(columns, textField, "--text-field", collector);
          label = column(columns, labelField, "--label-field", collector);
        } else if (row.length != columns.size()) {
          throw collector.malformed(
              "has "
                  + row.length
                  + " columns, but the first line names "
                  + columns.size()
                  + "; put texts with commas in double quotes");
        } else {
          collector.add(row[text], row[label]);
        }
        // Where the next row starts: a quoted text may have taken several lines.
        collector.line = rows.currentLocation().getLineNr();
      }
    } catch (JacksonException e) {
      throw refused(e, collector);
    }
  }

  private static List<String> header(String[] row) {
    List<String> columns = new ArrayList<>();
    for (String name : row) {
      columns.add(name.replace("\uFEFF", "").strip());
    }
    return columns;
  }

  private static int column(List<String> columns, String name, String option, Collector collector)
      throws MalformedFileException {
    int index = columns.indexOf(name);
    if (index < 0) {
      throw collector.malformed(
          "must name the columns, but there is no "
              + name
              + " among "
              + columns
              + "; choose one by "
              + option);
    }
    return index;
  }

  private static IOException refused(JacksonException e, Collector collector) {
    return e.getCause() instanceof CharacterCodingException
        ? collector.malformed("is not UTF-8; save it so")
        : collector.malformed(String.valueOf(e.getOriginalMessage()));
  }

  private static void readLines(
      BufferedReader reader, String textField, String labelField, Collector collector)
      throws IOException {
    JsonMapper mapper =
        JsonMapper.builder(
                JsonFactory.builder()
                    .streamReadConstraints(
                        StreamReadConstraints.builder()
                            .maxNestingDepth(64)
                            .maxStringLength(LONGEST_TEXT)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .build();
    for (Optional<String> line = next(reader); line.isPresent(); line = next(reader)) {
      if (!line.get().isBlank()) {
        try {
          JsonNode object = mapper.readTree(line.get());
          collector.add(
              field(object, textField, "--text-field", collector),
              field(object, labelField, "--label-field", collector));
        } catch (JacksonException e) {
          throw refused(e, collector);
        }
      }
      collector.line++;
    }
  }

  private static Optional<String> next(BufferedReader reader) throws IOException {
    return Optional.ofNullable(reader.readLine());
  }

  private static String field(JsonNode object, String name, String option, Collector collector)
      throws MalformedFileException {
    JsonNode value = object.path(name);
    if (value.isString() || value.isNumber() || value.isBoolean()) {
      return value.asString();
    }
    throw collector.malformed(
        "has no "
            + name
            + " that is a text, but "
            + Arrays.toString(object.propertyNames().toArray())
            + "; choose a field by "
            + option);
  }
}
