package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The weights of a model in safetensors format, memory-mapped: from one file, or from a folder's
/// shards.
///
/// Opening reads the headers alone; a tensor's bytes come from disk when they are first touched.
/// The mapping lives until [#close]; after that, slices that are still around fail with
/// `IllegalStateException`.
public final class Safetensors implements AutoCloseable {
  static final String SINGLE = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  private static final int LARGEST_INDEX = 64 << 20;
  private static final int MOST_SHARDS = 10_000;

  private final List<MappedFile> files = new ArrayList<>();
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
  private Map<String, String> metadata = Map.of();

  private Safetensors() {}

  /// Opens a `.safetensors` file, a `model.safetensors.index.json`, or the folder that holds one of
  /// them.
  ///
  /// @throws MalformedFileException when the bytes are no valid safetensors file or index
  public static Safetensors open(Path fileOrFolder) throws IOException {
    Path file = fileOrFolder;
    if (Files.isDirectory(file)) {
      Path single = file.resolve(SINGLE);
      file = Files.exists(single) ? single : file.resolve(INDEX);
      if (!Files.exists(file)) {
        throw new NoSuchFileException(
            single.toString(), null, "nor " + INDEX + ": the folder holds no safetensors weights");
      }
    }
    Safetensors opened = new Safetensors();
    try {
      if (file.toString().endsWith(".json")) {
        opened.openShards(file);
      } else {
        opened.openSingle(file);
      }
      return opened;
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private void openSingle(Path file) throws IOException {
    SafetensorsHeader header = header(file);
    metadata = header.metadata();
    for (StoredTensor tensor : header.tensors()) {
      tensors.put(tensor.name(), tensor);
    }
  }

  private SafetensorsHeader header(Path file) throws IOException {
    MappedFile mapped = new MappedFile(file);
    files.add(mapped);
    return SafetensorsHeader.parse(file, mapped.segment());
  }

  private void openShards(Path index) throws IOException {
    Map<String, Map<String, StoredTensor>> shards = new LinkedHashMap<>();
    boolean[] found = {false};
    try (JsonHeader json = JsonHeader.open(index, LARGEST_INDEX)) {
      json.readDocument(field -> {
        if (field.equals("weight_map")) {
          found[0] = true;
          json.readObject(field, name -> addFromShard(json, index, name, shards));
        } else {
          json.skip();
        }
      });
      if (!found[0]) {
        throw json.malformed("weight_map", "is missing");
      }
    }
  }

  private void addFromShard(
      JsonHeader json, Path index, String name, Map<String, Map<String, StoredTensor>> shards)
      throws IOException {
    String field = "weight_map." + name;
    String shard = json.readString(field);
    Map<String, StoredTensor> inShard = shards.get(shard);
    if (inShard == null) {
      // Nothing but a plain name beside the index: an index must not lead anywhere else.
      if (!shard.matches("[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}") || !shard.endsWith(".safetensors")) {
        throw json.malformed(
            field,
            "is "
                + JsonHeader.quote(shard)
                + ", but must name a .safetensors file in the same folder");
      }
      if (shards.size() == MOST_SHARDS) {
        throw json.malformed(field, "is one shard more than " + MOST_SHARDS);
      }
      Path file = index.resolveSibling(shard);
      if (!Files.isRegularFile(file)) {
        throw json.malformed(
            field, "names " + shard + ", which is not there; is the download complete?");
      }
      inShard = new LinkedHashMap<>();
      for (StoredTensor tensor : header(file).tensors()) {
        inShard.put(tensor.name(), tensor);
      }
      shards.put(shard, inShard);
    }
    StoredTensor tensor = inShard.get(name);
    if (tensor == null) {
      throw json.malformed(field, "names " + shard + ", which holds no such tensor");
    }
    tensors.put(name, tensor);
  }

  /// Returns all tensors: a file's in the order of their bytes, a sharded model's in the order of
  /// the index.
  public Collection<StoredTensor> tensors() {
    return Collections.unmodifiableCollection(tensors.values());
  }

  /// Finds a tensor by name.
  public Optional<StoredTensor> find(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /// Converts a tensor to float32.
  ///
  /// @param target exactly four bytes a number, native order
  /// @throws IllegalArgumentException when there is no such tensor, or `target` has another size
  public void readFloats(String name, MemorySegment target) {
    find(name)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "readFloats: no tensor is named "
                    + name
                    + "; there are "
                    + tensors.size()
                    + ", the first being "
                    + tensors.keySet().stream().limit(3).toList()))
        .readFloats(target);
  }

  /// Returns what the writer of a single file said about it; empty for shards.
  public Map<String, String> metadata() {
    return metadata;
  }

  /// Checks that every file is still as long as it was.
  ///
  /// @throws IllegalStateException if one was cut
  void requireWhole() {
    files.forEach(MappedFile::requireWhole);
  }

  /// Gives the mappings back.
  @Override
  public void close() {
    files.forEach(MappedFile::close);
  }
}
