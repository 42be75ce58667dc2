package dev.lungo.corpus;

import dev.lungo.file.MalformedFileException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/// The first 128 bytes of a token shard, little-endian.
///
/// | bytes | content |
/// |---|---|
/// | 0–7 | `LUNGOTOK` |
/// | 8–11 | version, 1 |
/// | 12–15 | bytes of a token: 2 or 4 |
/// | 16–23 | tokens |
/// | 24–31 | bytes of UTF-8 text that they stand for |
/// | 32–39 | documents |
/// | 40–43 | vocabulary size |
/// | 44–47 | CRC-32C of all tokens |
/// | 48–79 | SHA-256 of the tokenizer |
/// | 80–123 | zero |
/// | 124–127 | CRC-32C of the bytes before |
///
/// @param tokenBytes bytes of a token: 2 or 4
/// @param tokens number of tokens
/// @param textBytes bytes of UTF-8 text that the tokens stand for
/// @param documents number of documents
/// @param vocabularySize one more than the largest possible id
/// @param checksum CRC-32C of all tokens
/// @param tokenizerFingerprint 64 hexadecimal digits
record ShardHeader(
    int tokenBytes,
    long tokens,
    long textBytes,
    long documents,
    int vocabularySize,
    int checksum,
    String tokenizerFingerprint) {
  static final int BYTES = 128;
  private static final byte[] MAGIC = "LUNGOTOK".getBytes(StandardCharsets.US_ASCII);
  private static final int VERSION = 1;

  ByteBuffer toBytes() {
    ByteBuffer out = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.put(MAGIC).putInt(VERSION).putInt(tokenBytes).putLong(tokens).putLong(textBytes);
    out.putLong(documents).putInt(vocabularySize).putInt(checksum);
    out.put(HexFormat.of().parseHex(tokenizerFingerprint));
    out.putInt(BYTES - 4, Checksums.crc32c(out.array(), 0, BYTES - 4));
    return out.position(0);
  }

  /// @throws MalformedFileException if the bytes are no such header, or do not fit a file of
  ///   `fileBytes`
  static ShardHeader read(String file, ByteBuffer bytes, long fileBytes)
      throws MalformedFileException {
    if (bytes.remaining() < BYTES) {
      throw new MalformedFileException(
          file, 0, "header", "the file has " + bytes.remaining() + " bytes, a header " + BYTES);
    }
    ByteBuffer in = bytes.order(ByteOrder.LITTLE_ENDIAN);
    byte[] all = new byte[BYTES];
    in.get(0, all);
    if (!Arrays.equals(all, 0, 8, MAGIC, 0, 8)) {
      throw new MalformedFileException(
          file, 0, "magic", "is no token shard; they begin with LUNGOTOK");
    }
    if (in.getInt(8) != VERSION) {
      throw new MalformedFileException(
          file, 8, "version", in.getInt(8) + "; this program reads " + VERSION);
    }
    if (in.getInt(BYTES - 4) != Checksums.crc32c(all, 0, BYTES - 4)) {
      throw new MalformedFileException(
          file, BYTES - 4, "header checksum", "does not match: the file is damaged, make it anew");
    }
    ShardHeader header =
        new ShardHeader(
            in.getInt(12),
            in.getLong(16),
            in.getLong(24),
            in.getLong(32),
            in.getInt(40),
            in.getInt(44),
            HexFormat.of().formatHex(all, 48, 80));
    boolean widthFits =
        header.tokenBytes == 2 && header.vocabularySize <= 1 << 16 || header.tokenBytes == 4;
    if (!widthFits || header.vocabularySize <= 0) {
      throw new MalformedFileException(
          file,
          12,
          "token width",
          header.tokenBytes + " bytes for a vocabulary of " + header.vocabularySize);
    }
    if (header.tokens < 0
        || header.tokens != (fileBytes - BYTES) / header.tokenBytes
        || (fileBytes - BYTES) % header.tokenBytes != 0) {
      throw new MalformedFileException(
          file,
          16,
          "tokens",
          header.tokens + " of " + header.tokenBytes + " bytes do not fill a file of " + fileBytes);
    }
    return header;
  }
}
