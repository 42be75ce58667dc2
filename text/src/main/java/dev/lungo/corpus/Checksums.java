package dev.lungo.corpus;

import java.util.zip.CRC32C;

/// CRC-32C, which processors compute in hardware.
final class Checksums {
  private Checksums() {}

  static int crc32c(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }
}
