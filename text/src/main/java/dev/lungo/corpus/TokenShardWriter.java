package dev.lungo.corpus;

import dev.lungo.file.AtomicFiles;
import dev.lungo.tokenizer.TokenBuffer;
import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/// Appends tokens to a shard that appears under its name when it is complete.
public final class TokenShardWriter {
  /// Writes what a shard is to hold.
  @FunctionalInterface
  public interface Content {
    void writeTo(TokenShardWriter shard) throws IOException;
  }

  private final FileChannel out;
  private final int tokenBytes;
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(1 << 18).order(ByteOrder.LITTLE_ENDIAN);
  private final CRC32C crc = new CRC32C();
  private long tokens;
  private long textBytes;
  private long documents;

  private TokenShardWriter(FileChannel out, int tokenBytes) {
    this.out = out;
    this.tokenBytes = tokenBytes;
  }

  /// Writes `file` with what `content` appends. If that fails, `file` stays as it was.
  public static void write(Path file, Tokenizer tokenizer, Content content) throws IOException {
    int tokenBytes = tokenizer.vocabularySize() <= 1 << 16 ? 2 : 4;
    String fingerprint = tokenizer.fingerprint();
    AtomicFiles.writeChannel(
        file,
        channel -> {
          channel.position(ShardHeader.BYTES);
          TokenShardWriter writer = new TokenShardWriter(channel, tokenBytes);
          content.writeTo(writer);
          writer.flush();
          ByteBuffer header =
              new ShardHeader(
                      tokenBytes,
                      writer.tokens,
                      writer.textBytes,
                      writer.documents,
                      tokenizer.vocabularySize(),
                      (int) writer.crc.getValue(),
                      fingerprint)
                  .toBytes();
          channel.position(0);
          while (header.hasRemaining()) {
            channel.write(header);
          }
        });
  }

  /// Appends tokens that stand for `utf8Bytes` bytes of text and hold the ends of `ended`
  /// documents.
  public void append(TokenBuffer ids, long utf8Bytes, long ended) throws IOException {
    int[] array = ids.array();
    for (int i = 0; i < ids.size(); i++) {
      put(array[i]);
    }
    textBytes += utf8Bytes;
    documents += ended;
  }

  /// Returns the number of tokens so far.
  public long tokens() {
    return tokens;
  }

  private void put(int id) throws IOException {
    if (buffer.remaining() < tokenBytes) {
      flush();
    }
    if (tokenBytes == 2) {
      buffer.putShort((short) id);
    } else {
      buffer.putInt(id);
    }
    tokens++;
  }

  private void flush() throws IOException {
    buffer.flip();
    crc.update(buffer.duplicate());
    while (buffer.hasRemaining()) {
      out.write(buffer);
    }
    buffer.clear();
  }
}
