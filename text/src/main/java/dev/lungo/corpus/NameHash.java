package dev.lungo.corpus;

import java.nio.charset.StandardCharsets;

/// Spreads names evenly over [0, 1), always the same way: what falls where does not depend on the
/// other documents.
final class NameHash {
  /// Different purposes choose independently of each other.
  static final long HOLD_OUT = 0x9e3779b97f4a7c15L;

  static final long SAMPLE = 0xc2b2ae3d27d4eb4fL;

  private NameHash() {}

  /// FNV-1a, then the finaliser of MurmurHash3.
  static double unit(String name, long purpose) {
    long hash = 0xcbf29ce484222325L ^ purpose;
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ b & 0xff) * 0x100000001b3L;
    }
    hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
    hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
    hash ^= hash >>> 33;
    return (hash >>> 11) * 0x1p-53;
  }
}
