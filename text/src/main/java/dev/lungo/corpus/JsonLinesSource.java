package dev.lungo.corpus;

import dev.lungo.file.MalformedFileException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A `.jsonl` file: one JSON object a line, whose `text` (or `content`) is a document.
final class JsonLinesSource implements CorpusSource {
  private static final int LONGEST_LINE = 1 << 27;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(64)
                          .maxStringLength(LONGEST_LINE)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .build();

  private final Path file;
  private final String name;

  JsonLinesSource(Path file, String name) {
    this.file = file;
    this.name = name;
  }

  @Override
  public long totalBytes() throws IOException {
    return Files.size(file);
  }

  @Override
  public DocumentStream documents() throws IOException {
    return new Lines();
  }

  private final class Lines implements DocumentStream {
    private final OpenedFile in = new OpenedFile(file);
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;
    private long offset;
    private long line;

    Lines() throws IOException {}

    @Override
    public Optional<Document> next() throws IOException {
      while (true) {
        long start = offset;
        Optional<byte[]> bytes = nextLine();
        if (bytes.isEmpty()) {
          return Optional.empty();
        }
        line++;
        String json = new String(bytes.get(), StandardCharsets.UTF_8);
        if (!json.isBlank()) {
          byte[] text = text(json, start).getBytes(StandardCharsets.UTF_8);
          if (text.length > 0) {
            return Optional.of(new Document(name + ":" + line, text, false));
          }
        }
      }
    }

    private Optional<byte[]> nextLine() throws IOException {
      ByteArrayOutputStream collected = new ByteArrayOutputStream();
      boolean any = false;
      while (true) {
        if (at == end) {
          at = 0;
          end = Math.max(0, in.read(buffer, 0, buffer.length));
          if (end == 0) {
            return any ? Optional.of(collected.toByteArray()) : Optional.empty();
          }
        }
        any = true;
        int stop = at;
        while (stop < end && buffer[stop] != '\n') {
          stop++;
        }
        collected.write(buffer, at, stop - at);
        boolean complete = stop < end;
        offset += stop - at + (complete ? 1 : 0);
        at = complete ? stop + 1 : stop;
        if (collected.size() > LONGEST_LINE) {
          throw new MalformedFileException(
              file.toString(),
              offset,
              "line " + (line + 1),
              "is longer than " + LONGEST_LINE + " bytes");
        }
        if (complete) {
          return Optional.of(collected.toByteArray());
        }
      }
    }

    private String text(String json, long start) throws IOException {
      try {
        JsonNode object = MAPPER.readTree(json);
        for (String field : new String[] {"text", "content"}) {
          if (object.path(field).isString()) {
            return object.path(field).stringValue();
          }
        }
      } catch (JacksonException e) {
        throw new MalformedFileException(
            file.toString(), start, "line " + line, e.getOriginalMessage());
      }
      throw new MalformedFileException(
          file.toString(),
          start,
          "line " + line,
          "has no \"text\" (nor \"content\") that is a string");
    }

    @Override
    public long bytesRead() {
      return in.storedBytesRead();
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
