package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Parses one safetensors file: eight bytes of header length, a JSON header, then the tensors'
/// bytes without gaps.
///
/// @param tensors in the order of their bytes
/// @param metadata what the writer said about the file
record SafetensorsHeader(List<StoredTensor> tensors, Map<String, String> metadata) {
  /// The bound of the format's reference implementation.
  private static final long LONGEST_HEADER = 100_000_000;

  /// More tensors than any published file has; bounds the heap that a header can ask for.
  private static final int MOST_TENSORS = 100_000;

  /// Of all tensors' names together.
  private static final int MOST_NAME_CHARACTERS = 1 << 23;

  private static final int MOST_METADATA_CHARACTERS = 1 << 22;
  private static final int MOST_DIMENSIONS = 16;
  private static final String METADATA = "__metadata__";

  /// What the header says of one tensor, with the place where it says so.
  private record Claim(String name, StoredType type, long[] shape, long begin, long end, long at) {}

  static SafetensorsHeader parse(Path path, MemorySegment file) throws IOException {
    String name = path.toString();
    if (file.byteSize() < 8) {
      throw new MalformedFileException(
          name,
          0,
          "header length",
          "the file has " + file.byteSize() + " bytes, but the header's length takes 8");
    }
    long length = file.get(StoredTensor.LONG, 0);
    long left = file.byteSize() - 8;
    if (length < 2 || length > LONGEST_HEADER || length > left) {
      throw new MalformedFileException(
          name,
          0,
          "header length",
          "is "
              + Long.toUnsignedString(length)
              + ", but must be between 2 and "
              + Math.min(LONGEST_HEADER, left)
              + " ("
              + left
              + " bytes follow); is this a safetensors file?");
    }
    // The second byte tells UTF-16 and UTF-32 apart, which a JSON parser would accept and this
    // format does not.
    if (file.get(ValueLayout.JAVA_BYTE, 8) != '{' || file.get(ValueLayout.JAVA_BYTE, 9) == 0) {
      throw new MalformedFileException(
          name, 8, "header", "must be a JSON object in UTF-8, starting with {");
    }
    List<Claim> claims = new ArrayList<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    long[] characters = {0};
    try (JsonHeader json = new JsonHeader(path, 8, new SegmentStream(file.asSlice(8, length)))) {
      json.readDocument(field -> {
        if (field.equals(METADATA)) {
          readMetadata(json, metadata);
        } else if (claims.size() == MOST_TENSORS) {
          throw json.malformed(
              field, "is one tensor more than " + MOST_TENSORS + ", the most Lungo reads");
        } else {
          characters[0] += field.length();
          if (characters[0] > MOST_NAME_CHARACTERS) {
            throw json.malformed(
                "names", "have more than " + MOST_NAME_CHARACTERS + " characters together");
          }
          claims.add(readClaim(json, field));
        }
      });
    }
    MemorySegment data = file.asSlice(8 + length);
    return new SafetensorsHeader(
        place(path, 8 + length, data, claims), Collections.unmodifiableMap(metadata));
  }

  private static void readMetadata(JsonHeader json, Map<String, String> metadata)
      throws IOException {
    long[] characters = {0};
    json.readObject(
        METADATA,
        key -> {
          String value = json.readString(METADATA + "." + key);
          characters[0] += key.length() + value.length();
          if (characters[0] > MOST_METADATA_CHARACTERS) {
            throw json.malformed(
                METADATA, "has more than " + MOST_METADATA_CHARACTERS + " characters");
          }
          metadata.put(key, value);
        });
  }

  private static Claim readClaim(JsonHeader json, String name) throws IOException {
    long at = json.offset();
    List<StoredType> type = new ArrayList<>(1);
    List<long[]> shape = new ArrayList<>(1);
    List<long[]> offsets = new ArrayList<>(1);
    json.readObject(
        name,
        field -> {
          switch (field) {
            case "dtype" -> type.add(readType(json, name));
            case "shape" -> shape.add(json.readCounts(name + ".shape", MOST_DIMENSIONS));
            case "data_offsets" -> offsets.add(json.readCounts(name + ".data_offsets", 2));
            default -> json.skip();
          }
        });
    if (type.isEmpty() || shape.isEmpty() || offsets.isEmpty() || offsets.getFirst().length != 2) {
      throw json.malformed(name, "must have dtype, shape and data_offsets of two numbers");
    }
    long[] range = offsets.getFirst();
    return new Claim(name, type.getFirst(), shape.getFirst(), range[0], range[1], at);
  }

  private static StoredType readType(JsonHeader json, String name) throws IOException {
    String written = json.readString(name + ".dtype");
    return StoredType.named(written)
        .orElseThrow(() ->
            json.malformed(
                name + ".dtype",
                "is "
                    + JsonHeader.quote(written)
                    + ", which Lungo does not know; it knows "
                    + List.of(StoredType.values())));
  }

  /// Checks that the tensors tile the data: each as long as its shape says, no gap, no overlap,
  /// nothing left over.
  private static List<StoredTensor> place(
      Path path, long base, MemorySegment data, List<Claim> claims) throws MalformedFileException {
    claims.sort(Comparator.comparingLong(Claim::begin).thenComparingLong(Claim::end));
    List<StoredTensor> tensors = new ArrayList<>(claims.size());
    long covered = 0;
    for (Claim claim : claims) {
      String fault = fault(claim, covered, data.byteSize());
      if (!fault.isEmpty()) {
        throw new MalformedFileException(
            path.toString(), claim.at, claim.name + ".data_offsets", fault);
      }
      tensors.add(
          new StoredTensor(
              claim.name,
              claim.type,
              claim.shape,
              data.asSlice(claim.begin, claim.end - claim.begin),
              path,
              base + claim.begin));
      covered = claim.end;
    }
    if (covered != data.byteSize()) {
      throw new MalformedFileException(
          path.toString(),
          base + covered,
          "data",
          (data.byteSize() - covered) + " bytes follow the last tensor; the file must end there");
    }
    return Collections.unmodifiableList(tensors);
  }

  private static String fault(Claim claim, long covered, long available) {
    long needed = claim.type.bytes();
    try {
      for (long dimension : claim.shape) {
        needed = Math.multiplyExact(needed, dimension);
      }
    } catch (ArithmeticException overflow) {
      return "the product of its shape does not fit 63 bits";
    }
    String range = "[" + claim.begin + ", " + claim.end + "]";
    if (claim.end < claim.begin || claim.end > available) {
      return range + " must lie within the " + available + " bytes of data";
    }
    if (claim.end - claim.begin != needed) {
      return range
          + " holds "
          + (claim.end - claim.begin)
          + " bytes, but its shape and type need "
          + needed;
    }
    if (claim.begin < covered) {
      return range + " overlaps the tensor before it, which ends at " + covered;
    }
    if (claim.begin > covered) {
      return range + " leaves a hole after byte " + covered + " of the data";
    }
    return "";
  }

  /// Reads mapped memory as a stream, so that a header is never copied whole.
  private static final class SegmentStream extends InputStream {
    private final MemorySegment segment;
    private long position;

    SegmentStream(MemorySegment segment) {
      this.segment = segment;
    }

    @Override
    public int read() {
      return position == segment.byteSize()
          ? -1
          : segment.get(ValueLayout.JAVA_BYTE, position++) & 0xff;
    }

    @Override
    public int read(byte[] target, int from, int length) {
      int count = (int) Math.min(length, segment.byteSize() - position);
      if (count == 0) {
        return length == 0 ? 0 : -1;
      }
      MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, position, target, from, count);
      position += count;
      return count;
    }
  }
}
