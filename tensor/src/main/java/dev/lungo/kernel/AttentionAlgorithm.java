package dev.lungo.kernel;

/// Ways to compute the same attention, which differ in what they keep in memory and in which order.
public enum AttentionAlgorithm {
  /// The whole matrix of scores, T × T, for one head after the other ([PlainAttention]).
  PLAIN,
  /// FlashAttention (arXiv:2205.14135): blocks of keys outermost.
  FLASH1,
  /// FlashAttention-2 (arXiv:2307.08691): blocks of queries outermost.
  FLASH2
}
