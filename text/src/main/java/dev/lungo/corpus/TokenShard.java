package dev.lungo.corpus;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.zip.CRC32C;

/// A file of token ids, read through a memory map. Safe for any number of threads; to be closed.
public final class TokenShard implements AutoCloseable {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final ShardHeader header;
  private final Arena arena;
  private final MemorySegment tokens;

  private TokenShard(Path file, ShardHeader header, Arena arena, MemorySegment tokens) {
    this.file = file;
    this.header = header;
    this.arena = arena;
    this.tokens = tokens;
  }

  /// Opens `file` and checks its header; [#verify()] checks the tokens.
  ///
  /// @throws MalformedFileException if the file is no token shard, or cut short
  public static TokenShard open(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer head = ByteBuffer.allocate(ShardHeader.BYTES);
      while (head.hasRemaining() && channel.read(head) >= 0) {
        continue;
      }
      ShardHeader header = ShardHeader.read(file.toString(), head.flip(), channel.size());
      Arena arena = Arena.ofShared();
      try {
        MemorySegment tokens =
            channel.map(
                FileChannel.MapMode.READ_ONLY,
                ShardHeader.BYTES,
                header.tokens() * header.tokenBytes(),
                arena);
        return new TokenShard(file, header, arena, tokens);
      } catch (IOException | RuntimeException e) {
        arena.close();
        throw e;
      }
    }
  }

  /// Returns the number of tokens.
  public long size() {
    return header.tokens();
  }

  /// Returns the bytes of UTF-8 text that the tokens stand for (special tokens stand for none).
  public long textBytes() {
    return header.textBytes();
  }

  /// Returns the number of documents; each ends with the end-of-text token, where the tokenizer has
  /// one.
  public long documents() {
    return header.documents();
  }

  /// Returns one more than the largest possible id.
  public int vocabularySize() {
    return header.vocabularySize();
  }

  /// Returns the fingerprint of the tokenizer that made the ids.
  public String tokenizerFingerprint() {
    return header.tokenizerFingerprint();
  }

  /// Returns token number `index`.
  public int get(long index) {
    return header.tokenBytes() == 2
        ? tokens.getAtIndex(SHORT, index) & 0xffff
        : tokens.getAtIndex(INT, index);
  }

  /// Copies `count` tokens from number `from` on into `target` from `at` on.
  ///
  /// @throws IndexOutOfBoundsException if the shard or the array ends before
  public void copy(long from, int[] target, int at, int count) {
    if (header.tokenBytes() == 4) {
      MemorySegment.copy(tokens, INT, from * 4, target, at, count);
      return;
    }
    Objects.checkFromIndexSize(from, count, size());
    Objects.checkFromIndexSize(at, count, target.length);
    for (int i = 0; i < count; i++) {
      target[at + i] = tokens.getAtIndex(SHORT, from + i) & 0xffff;
    }
  }

  /// Reads all tokens and compares their checksum and range.
  ///
  /// @throws MalformedFileException if the file is damaged
  public void verify() throws MalformedFileException {
    CRC32C crc = new CRC32C();
    long step = 1L << 24;
    for (long at = 0; at < tokens.byteSize(); at += step) {
      crc.update(tokens.asSlice(at, Math.min(step, tokens.byteSize() - at)).asByteBuffer());
    }
    if ((int) crc.getValue() != header.checksum()) {
      throw new MalformedFileException(
          file.toString(),
          ShardHeader.BYTES,
          "tokens",
          "do not match their checksum: the file is damaged, make it anew");
    }
    for (long i = 0; i < size(); i++) {
      if (get(i) < 0 || get(i) >= header.vocabularySize()) {
        throw new MalformedFileException(
            file.toString(),
            ShardHeader.BYTES + i * header.tokenBytes(),
            "token " + i,
            get(i) + " is outside the vocabulary of " + header.vocabularySize());
      }
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
