package dev.lungo.hub;

import dev.lungo.file.MalformedFileException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/// Reads the hub's description of a repository: `sha`, and `siblings` with `rfilename`, `size`,
/// `blobId` and `lfs.sha256`. Everything else is passed over.
final class ListingReader {
  static final int LARGEST = 32 << 20;
  private static final int MOST_FILES = 50_000;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxDocumentLength(LARGEST)
                  .maxNestingDepth(64)
                  .maxStringLength(1 << 20)
                  .maxNameLength(1 << 16)
                  .maxNumberLength(64)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private final String source;
  private final JsonParser json;
  private final List<HubFile> files = new ArrayList<>();
  private final Set<String> names = new HashSet<>();
  private Optional<String> commit = Optional.empty();

  private ListingReader(String source, JsonParser json) {
    this.source = source;
    this.json = json;
  }

  /// @param source the address that answered, for messages
  static HubListing read(HubRepository repository, String source, byte[] bytes)
      throws MalformedFileException {
    // Parsed as text: that it is UTF-8 is not for the first bytes to decide.
    String text = new String(bytes, StandardCharsets.UTF_8);
    try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), text)) {
      ListingReader reader = new ListingReader(source, json);
      try {
        reader.document();
      } catch (JacksonException e) {
        throw reader.malformed("JSON", e.getOriginalMessage());
      }
      return new HubListing(repository, reader.commit, List.copyOf(reader.files));
    }
  }

  private void document() throws MalformedFileException {
    expect(json.nextToken(), JsonToken.START_OBJECT, "listing");
    boolean found = false;
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      if (name.equals("sha") && value == JsonToken.VALUE_STRING) {
        String sha = json.getString();
        if (!sha.matches("[0-9a-f]{40,64}")) {
          throw malformed("sha", SafeName.printable(sha) + " is no commit");
        }
        commit = Optional.of(sha);
      } else if (name.equals("siblings")) {
        expect(value, JsonToken.START_ARRAY, name);
        found = true;
        while (json.nextToken() != JsonToken.END_ARRAY) {
          file();
        }
      } else {
        json.skipChildren();
      }
    }
    if (!found) {
      throw malformed("siblings", "is missing; this is no listing of a model");
    }
  }

  private void file() throws MalformedFileException {
    expect(json.currentToken(), JsonToken.START_OBJECT, "siblings");
    Optional<String> name = Optional.empty();
    OptionalLong size = OptionalLong.empty();
    Optional<ContentHash> blob = Optional.empty();
    Optional<ContentHash> large = Optional.empty();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String field = json.currentName();
      JsonToken value = json.nextToken();
      if (field.equals("rfilename")) {
        expect(value, JsonToken.VALUE_STRING, field);
        name = Optional.of(json.getString());
      } else if (field.equals("size") && value == JsonToken.VALUE_NUMBER_INT) {
        size = OptionalLong.of(json.getLongValue());
      } else if (field.equals("blobId") && value == JsonToken.VALUE_STRING) {
        blob = ContentHash.of(ContentHash.Kind.GIT_BLOB, json.getString());
      } else if (field.equals("lfs") && value == JsonToken.START_OBJECT) {
        large = largeFile();
      } else {
        json.skipChildren();
      }
    }
    if (size.isPresent() && size.getAsLong() < 0) {
      throw malformed("size", size.getAsLong() + " bytes cannot be");
    }
    // Git's own hash of a large file is that of a note about it.
    add(new HubFile(name.orElse(""), size, large.isPresent() ? large : blob));
  }

  private Optional<ContentHash> largeFile() {
    Optional<ContentHash> hash = Optional.empty();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String field = json.currentName();
      if (json.nextToken() == JsonToken.VALUE_STRING && field.equals("sha256")) {
        hash = ContentHash.of(ContentHash.Kind.SHA256, json.getString());
      } else {
        json.skipChildren();
      }
    }
    return hash;
  }

  private void add(HubFile file) throws MalformedFileException {
    Optional<String> escape = SafeName.escape(file.name());
    if (escape.isPresent()) {
      throw malformed("rfilename", SafeName.printable(file.name()) + " " + escape.get());
    }
    if (!names.add(file.name())) {
      throw malformed("rfilename", SafeName.printable(file.name()) + " comes twice");
    }
    if (files.size() == MOST_FILES) {
      throw malformed("siblings", "are more than " + MOST_FILES + " files");
    }
    files.add(file);
  }

  private void expect(JsonToken found, JsonToken wanted, String field)
      throws MalformedFileException {
    if (found != wanted) {
      throw malformed(field, "expected " + wanted + ", found " + found);
    }
  }

  private MalformedFileException malformed(String field, String reason) {
    long offset = Math.max(0, json.currentLocation().getCharOffset());
    return new MalformedFileException(source, offset, field, reason);
  }
}
