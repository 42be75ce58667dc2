package dev.lungo.lab;

import dev.lungo.model.KvCacheSize;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.PublishedModels;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The memory of keys and values by arithmetic: 2 · layers · key/value heads · D numbers a token,
/// of two bytes each.
final class CacheMemory {
  private static final int BYTES_PER_NUMBER = 2;

  private CacheMemory() {}

  /// Returns the same model with other key/value heads.
  private static LlamaConfig withKvHeads(LlamaConfig config, int kvHeads) {
    return new LlamaConfig(
        config.vocabulary(),
        config.width(),
        config.layers(),
        config.heads(),
        kvHeads,
        config.headDim(),
        config.feedForward(),
        config.context(),
        config.normEpsilon(),
        config.ropeBase(),
        config.tiedEmbeddings());
  }

  private static long bytes(LlamaConfig config, int kvHeads, long tokens) {
    return tokens * KvCacheSize.bytesPerToken(withKvHeads(config, kvHeads), BYTES_PER_NUMBER);
  }

  /// Tabulates multi-head, grouped-query and multi-query attention for a model and for Llama 3 8B.
  static Table table(LlamaConfig ours, List<Integer> lengths) {
    List<List<String>> rows = new ArrayList<>();
    add(rows, "this model", ours, Math.max(1, ours.heads() / 2), lengths);
    LlamaConfig llama = PublishedModels.LLAMA_3_8B;
    add(rows, "Llama 3 8B", llama, llama.kvHeads(), lengths);
    List<String> columns = new ArrayList<>(List.of("keys and values in fp16", "heads"));
    lengths.forEach(length -> columns.add(String.format(Locale.ROOT, "%,d", length)));
    return new Table("Memory of the key/value cache, by arithmetic", columns, rows);
  }

  private static void add(
      List<List<String>> rows,
      String name,
      LlamaConfig config,
      int grouped,
      List<Integer> lengths) {
    rows.add(row(name + ", multi-head", config, config.heads(), lengths));
    rows.add(row(name + ", grouped-query", config, grouped, lengths));
    rows.add(row(name + ", multi-query", config, 1, lengths));
  }

  private static List<String> row(
      String name, LlamaConfig config, int kvHeads, List<Integer> lengths) {
    List<String> row = new ArrayList<>(List.of(name, Integer.toString(kvHeads)));
    for (int length : lengths) {
      row.add(String.format(Locale.ROOT, "%,.1f MiB", bytes(config, kvHeads, length) / 1048576.0));
    }
    return row;
  }

  /// Compares with what Meta's shape gives: 128 KiB a token, 16 GiB at 131,072.
  static Finding llama() {
    long bytes = bytes(PublishedModels.LLAMA_3_8B, 8, 131_072);
    return new Finding(
        "keys and values of Llama 3 8B at 131,072 tokens, fp16",
        "131,072 bytes a token, 16 GiB",
        String.format(Locale.ROOT, "%,d bytes a token, %.1f GiB", bytes / 131_072, bytes / 0x1p30),
        bytes == 1L << 34);
  }
}
