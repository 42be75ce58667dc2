package dev.lungo.corpus;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.schema.ColumnProjection;
import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/// A `.parquet` table: the column `text` (or `content`) of each row is a document.
final class ParquetSource implements CorpusSource {
  /// The library tells at every start which instructions it found; held so that the level stays.
  private static final Logger LIBRARY = Logger.getLogger("dev.hardwood");

  static {
    LIBRARY.setLevel(Level.WARNING);
  }

  private final Path file;
  private final String name;

  ParquetSource(Path file, String name) {
    this.file = file;
    this.name = name;
  }

  @Override
  public long totalBytes() throws IOException {
    return Files.size(file);
  }

  @Override
  public DocumentStream documents() throws IOException {
    return new Rows();
  }

  /// The reading library reports damage by exceptions of many kinds: here they become one.
  private MalformedFileException malformed(String field, Exception cause) {
    MalformedFileException malformed =
        new MalformedFileException(
            file.toString(), 0, field, "cannot be read as Parquet: " + cause.getMessage());
    malformed.initCause(cause);
    return malformed;
  }

  private final class Rows implements DocumentStream {
    private final long size = Files.size(file);
    private final ParquetFileReader reader;
    private final RowReader rows;
    private final String column;
    private final long count;
    private long row;

    Rows() throws IOException {
      try {
        reader = ParquetFileReader.open(InputFile.of(file));
      } catch (IOException | RuntimeException e) {
        throw malformed("footer", e);
      }
      try {
        column = column();
        count = Math.max(1, reader.getFileMetaData().numRows());
        rows = reader.buildRowReader().projection(ColumnProjection.columns(column)).build();
      } catch (RuntimeException e) {
        reader.close();
        throw malformed("schema", e);
      }
    }

    private String column() throws IOException {
      for (String candidate : new String[] {"text", "content"}) {
        if (reader.getFileSchema().getColumns().stream()
            .anyMatch(schema -> schema.name().equals(candidate))) {
          return candidate;
        }
      }
      reader.close();
      throw new MalformedFileException(
          file.toString(),
          0,
          "schema",
          "has no column \"text\" (nor \"content\"): " + reader.getFileSchema());
    }

    @Override
    public Optional<Document> next() throws IOException {
      try {
        while (rows.hasNext()) {
          rows.next();
          row++;
          String text = rows.isNull(column) ? "" : rows.getString(column);
          if (!text.isEmpty()) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            return Optional.of(new Document(name + ":" + row, utf8, false));
          }
        }
        return Optional.empty();
      } catch (RuntimeException e) {
        throw malformed("row " + row, e);
      }
    }

    @Override
    public long bytesRead() {
      return (long) (size * Math.min(1.0, (double) row / count));
    }

    @Override
    public void close() throws IOException {
      rows.close();
      reader.close();
    }
  }
}
