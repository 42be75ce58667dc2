package dev.lungo.weights;

import dev.lungo.file.GgufHeader;
import dev.lungo.file.GgufHeader.GgufTensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What a file of weights says about itself: metadata and tensors, without the numbers.
///
/// @param metadata entries by name; of long lists the first elements and how many there are
public record WeightListing(Map<String, Object> metadata, List<Entry> tensors) {
  private static final int SHOWN_ELEMENTS = 5;

  /// One tensor.
  ///
  /// @param type its number format, as `Q8_0`
  /// @param shape its dimensions, the one that varies fastest last
  public record Entry(String name, String type, long[] shape) {}

  /// Lists a GGUF file, a safetensors file or index, or a folder that holds one of the latter.
  public static WeightListing of(Path path) throws IOException {
    String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    return name.endsWith(".gguf") ? ofGguf(path) : ofSafetensors(path);
  }

  private static WeightListing ofGguf(Path file) throws IOException {
    GgufHeader header = GgufHeader.read(file, name -> true);
    Map<String, Object> metadata = new LinkedHashMap<>();
    header.metadata().forEach((name, value) -> metadata.put(name, shortened(value)));
    List<Entry> tensors = new ArrayList<>();
    for (GgufTensorInfo tensor : header.tensors()) {
      String type = GgufWeights.type(tensor.type()).map(Enum::name).orElse("type " + tensor.type());
      tensors.add(new Entry(tensor.name(), type, tensor.shape()));
    }
    return new WeightListing(metadata, tensors);
  }

  private static Object shortened(Object value) {
    if (value instanceof List<?> list && list.size() > SHOWN_ELEMENTS) {
      List<Object> shown = new ArrayList<>(list.subList(0, SHOWN_ELEMENTS));
      shown.add("… " + list.size() + " elements");
      return shown;
    }
    return value;
  }

  private static WeightListing ofSafetensors(Path path) throws IOException {
    try (Safetensors weights = Safetensors.open(path)) {
      List<Entry> tensors = new ArrayList<>();
      for (StoredTensor tensor : weights.tensors()) {
        tensors.add(new Entry(tensor.name(), tensor.type().name(), tensor.shape()));
      }
      return new WeightListing(new LinkedHashMap<>(weights.metadata()), tensors);
    }
  }

  /// Returns how many numbers the tensors hold together.
  public long elements() {
    long sum = 0;
    for (Entry tensor : tensors) {
      sum += Arrays.stream(tensor.shape).reduce(1, (a, b) -> a * b);
    }
    return sum;
  }

  /// Returns lines for people.
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    metadata.forEach((name, value) -> lines.add(name + " = " + value));
    lines.add("");
    for (Entry tensor : tensors) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%-8s %-24s %s",
              tensor.type,
              Arrays.toString(tensor.shape),
              tensor.name));
    }
    lines.add("");
    lines.add(String.format(Locale.ROOT, "%,d tensors, %,d numbers", tensors.size(), elements()));
    return lines;
  }
}
