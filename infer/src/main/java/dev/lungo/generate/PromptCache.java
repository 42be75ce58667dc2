package dev.lungo.generate;

import dev.lungo.file.AtomicFiles;
import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.Kernels;
import dev.lungo.nn.KvCache;
import dev.lungo.tensor.DType;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/// Keeps a prompt's ids, keys and values in a file, so that a later prompt that begins alike is
/// computed only from where it differs.
///
/// The file: 8 bytes of magic, the model's fingerprint (32 bytes); type of the numbers, parts and
/// ids, each an int; bytes of a part, a long; the ids; the parts, keys and then values of each
/// layer; a checksum (CRC-32C) of all that, a long. Numbers are big-endian, keys and values as the
/// machine has them.
///
/// What was computed by kernels for few rows is neither kept nor continued: so a prompt's logits
/// have the same bits with and without the file.
final class PromptCache {
  private static final byte[] MAGIC = {'L', 'U', 'N', 'G', 'O', 'K', 'V', 1};
  private static final int HEADER = 8 + 32 + 3 * Integer.BYTES + Long.BYTES;
  private static final int CHUNK = 1 << 20;
  private static final int MOST_IDS = 1 << 26;

  private final Path file;
  private final ModelFingerprint model;
  private final Consumer<String> messages;
  private int[] kept = {};

  /// @param messages gets a line when the file is not used
  PromptCache(Path file, ModelFingerprint model, Consumer<String> messages) {
    this.file = file;
    this.model = model;
    this.messages = messages;
  }

  /// Returns the same file for texts whose positions the model places in one way.
  ///
  /// @param regime of `ModelConfig.positionRegime`
  PromptCache at(int regime) {
    return new PromptCache(file, model.at(regime), messages);
  }

  /// Fills the cache with as many of the first ids as the file has and returns how many; fewer than
  /// there are, since the last must be fed to learn what follows.
  ///
  /// @throws MalformedFileException if the file is something else: it would be overwritten
  int load(KvCache cache, int[] ids) throws IOException {
    if (!Files.exists(file)) {
      return 0;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return new Reader(channel, channel.size()).load(cache, ids);
    } catch (EOFException e) {
      return ignore("it became shorter while it was read");
    }
  }

  /// Keeps the first ids' keys and values, unless the file has them already.
  void save(KvCache cache, int[] ids) throws IOException {
    boolean known =
        ids.length <= kept.length && Arrays.equals(ids, Arrays.copyOf(kept, ids.length));
    if (ids.length <= Kernels.FEW_ROWS || known) {
      return;
    }
    List<MemorySegment> parts = cache.stored(ids.length);
    long partBytes = parts.getFirst().byteSize();
    ByteBuffer header = ByteBuffer.allocate(HEADER + ids.length * Integer.BYTES);
    header.put(MAGIC).put(model.sha256()).putInt(code(cache.type()));
    header.putInt(parts.size()).putInt(ids.length).putLong(partBytes);
    for (int id : ids) {
      header.putInt(id);
    }
    AtomicFiles.writeChannel(
        file,
        channel -> {
          CRC32C checksum = new CRC32C();
          write(channel, header.flip(), checksum);
          for (MemorySegment part : parts) {
            for (long at = 0; at < partBytes; at += CHUNK) {
              write(channel, chunk(part, at, partBytes), checksum);
            }
          }
          ByteBuffer end = ByteBuffer.allocate(Long.BYTES).putLong(checksum.getValue());
          write(channel, end.flip(), checksum);
        });
    kept = ids.clone();
  }

  private static void write(FileChannel channel, ByteBuffer bytes, CRC32C checksum)
      throws IOException {
    checksum.update(bytes.duplicate());
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static ByteBuffer chunk(MemorySegment part, long at, long bytes) {
    return part.asSlice(at, Math.min(CHUNK, bytes - at)).asByteBuffer();
  }

  private static int code(DType type) {
    return switch (type) {
      case FLOAT32 -> 0;
      case FLOAT16 -> 1;
      case Q8_0 -> 2;
      default -> throw new IllegalStateException("no cache is kept in " + type);
    };
  }

  private int ignore(String reason) {
    messages.accept("prompt cache " + file + " is not used: " + reason);
    return 0;
  }

  /// Reads the file once from front to back.
  private final class Reader {
    private final FileChannel channel;
    private final long size;
    private final CRC32C checksum = new CRC32C();
    private final ByteBuffer skipped = ByteBuffer.allocateDirect(CHUNK);

    Reader(FileChannel channel, long size) {
      this.channel = channel;
      this.size = size;
    }

    int load(KvCache cache, int[] ids) throws IOException {
      ByteBuffer header = ByteBuffer.allocate((int) Math.min(HEADER, size));
      read(header);
      byte[] magic = new byte[MAGIC.length];
      if (size >= MAGIC.length) {
        header.get(magic);
      }
      if (!Arrays.equals(magic, MAGIC)) {
        throw new MalformedFileException(
            file.toString(), 0, "magic", "this is no prompt cache; name another file or remove it");
      }
      if (size < HEADER) {
        return ignore("it is damaged");
      }
      byte[] fingerprint = new byte[model.sha256().length];
      header.get(fingerprint);
      if (!Arrays.equals(fingerprint, model.sha256())) {
        return ignore("it was made with another model, or the model's file has changed");
      }
      if (header.getInt() != code(cache.type())) {
        return ignore("it keeps another type of numbers than " + cache.type());
      }
      return loadParts(cache, ids, header.getInt(), header.getInt(), header.getLong());
    }

    private int loadParts(KvCache cache, int[] ids, int parts, int count, long partBytes)
        throws IOException {
      List<MemorySegment> targets = cache.stored(ids.length);
      long row = targets.getFirst().byteSize() / ids.length;
      // Exact arithmetic: the sizes come from the file.
      boolean fits =
          parts == targets.size()
              && count > 0
              && count <= MOST_IDS
              && partBytes == count * row
              && size == HEADER + 4L * count + parts * partBytes + Long.BYTES;
      if (!fits) {
        return ignore("it is damaged");
      }
      ByteBuffer stored = ByteBuffer.allocate(4 * count);
      read(stored);
      int[] there = new int[count];
      stored.asIntBuffer().get(there);
      int common = 0;
      while (common < Math.min(count, ids.length) && there[common] == ids[common]) {
        common++;
      }
      // The rest must be computed, and by the same kernels as without the file.
      int used = Math.clamp(ids.length - Kernels.FEW_ROWS - 1, 0, common);
      for (MemorySegment target : targets) {
        for (long at = 0; at < used * row; at += CHUNK) {
          read(chunk(target, at, used * row));
        }
        for (long left = (count - used) * row; left > 0; left -= CHUNK) {
          read(skipped.clear().limit((int) Math.min(CHUNK, left)));
        }
      }
      long expected = checksum.getValue();
      ByteBuffer end = ByteBuffer.allocate(Long.BYTES);
      read(end);
      if (end.getLong() != expected) {
        return ignore("it is damaged");
      }
      kept = there;
      cache.advance(used);
      return used;
    }

    /// Fills a buffer, which is then ready to be read.
    private void read(ByteBuffer into) throws IOException {
      while (into.hasRemaining()) {
        if (channel.read(into) < 0) {
          throw new EOFException();
        }
      }
      into.flip();
      checksum.update(into.duplicate());
    }
  }
}
