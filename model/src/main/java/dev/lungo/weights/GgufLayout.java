package dev.lungo.weights;

import dev.lungo.file.GgufHeader;
import dev.lungo.file.GgufHeader.GgufTensorInfo;
import dev.lungo.file.MalformedFileException;
import dev.lungo.tensor.DType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Checks that no two tensors of a GGUF file share bytes: no writer does that, and a file whose
/// tensors do was put together to deceive, or damaged.
final class GgufLayout {
  /// @param bytes that it takes; of types that Lungo does not know, none
  private record Place(GgufTensorInfo tensor, long bytes) {
    long start() {
      return tensor.offset();
    }
  }

  private GgufLayout() {}

  /// @throws MalformedFileException if two tensors overlap
  static void check(GgufHeader header) throws MalformedFileException {
    List<Place> places = new ArrayList<>(header.tensors().size());
    for (GgufTensorInfo tensor : header.tensors()) {
      places.add(new Place(tensor, bytes(tensor)));
    }
    places.sort(Comparator.comparingLong(Place::start));
    for (int i = 1; i < places.size(); i++) {
      Place before = places.get(i - 1);
      Place place = places.get(i);
      if (place.start() - before.start() < before.bytes()) {
        throw new MalformedFileException(
            header.file().toString(),
            place.tensor().described(),
            "tensor " + place.tensor().name(),
            "starts at byte "
                + place.start()
                + ", within "
                + before.tensor().name()
                + ", which takes "
                + before.bytes()
                + " bytes from byte "
                + before.start());
      }
    }
  }

  /// Returns how many bytes a tensor takes; rows that are no whole blocks are for who reads them to
  /// refuse.
  private static long bytes(GgufTensorInfo tensor) {
    Optional<DType> type = GgufWeights.type(tensor.type());
    if (type.isEmpty()) {
      return 0;
    }
    int block = type.get().format().map(format -> format.blockElements()).orElse(1);
    int blockBytes = Math.toIntExact(type.get().bytes(block));
    long elements = 1;
    for (long dimension : tensor.shape()) {
      elements *= dimension;
    }
    long blocks = elements / block;
    return blocks > Long.MAX_VALUE / blockBytes ? Long.MAX_VALUE : blocks * blockBytes;
  }
}
