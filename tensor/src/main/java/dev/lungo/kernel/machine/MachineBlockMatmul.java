package dev.lungo.kernel.machine;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.BlockMatmulKernels;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.MemoryInUse;
import dev.lungo.kernel.Parallel;
import dev.lungo.kernel.ProductRows;
import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// Products with weights of eight, five and four bits, in machine code.
///
/// x is rounded to bytes, 32 numbers with one scale; the products of a block are added up exactly,
/// as integers, and the blocks in the order of their numbers, whatever the number of threads. A few
/// rows of x are multiplied with the weights as they are stored ([RowCode]); for many, 32 rows of
/// weights at a time are unpacked where they are used ([PanelCode], [TileCode]). Weights of other
/// formats go to other kernels.
final class MachineBlockMatmul implements BlockMatmulKernels {
  private static final int BLOCK = 32;

  /// Numbers of x that a task rounds at least: with fewer, sharing them out takes longer.
  private static final int FEWEST_PER_TASK = 1 << 14;

  /// Products that a task with many rows of x should have.
  private static final int PRODUCTS_PER_TASK = 1 << 22;

  private final Parallel parallel;
  private final BlockMatmulKernels others;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  /// Makes the kernels.
  ///
  /// @param others for the formats that these do not know
  MachineBlockMatmul(Parallel parallel, BlockMatmulKernels others) {
    this.parallel = parallel;
    this.others = others;
  }

  /// What one thread works in.
  private static final class Scratch {
    final AlignedMemory input = new AlignedMemory();
    final AlignedMemory panel = new AlignedMemory();
    final Arguments arguments = new Arguments();
  }

  /// How a product is computed: by whom and for which format.
  private record Way(Loops loops, Optional<RowFormat> format) {}

  private enum Loops {
    ROWS,
    TILES,
    OTHERS
  }

  @Override
  public void multiply(
      BlockFormat format,
      int m,
      int n,
      int k,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment y) {
    Product product = new Product(format, n, weights, y);
    multiply(way(product, m), List.of(product), m, k, x);
  }

  /// Products of one format share the rounded x, and a loop.
  @Override
  public void multiply(List<Product> products, int m, int k, MemorySegment x) {
    Map<Way, List<Product>> byWay = new LinkedHashMap<>();
    for (Product product : products) {
      byWay.computeIfAbsent(way(product, m), _ -> new ArrayList<>()).add(product);
    }
    byWay.forEach((way, same) -> multiply(way, same, m, k, x));
  }

  private static Way way(Product product, int m) {
    Optional<RowFormat> format = RowFormat.of(product.format());
    if (format.isEmpty()) {
      return new Way(Loops.OTHERS, format);
    }
    if (m <= Kernels.FEW_ROWS) {
      return new Way(Loops.ROWS, format);
    }
    return switch (format.get()) {
      case SuperBlock _ -> new Way(Loops.OTHERS, Optional.empty());
      case StoredBlock _ ->
          new Way(product.n() < TileCode.PANEL_ROWS ? Loops.ROWS : Loops.TILES, format);
    };
  }

  private void multiply(Way way, List<Product> products, int m, int k, MemorySegment x) {
    if (way.loops() == Loops.OTHERS) {
      others.multiply(products, m, k, x);
      return;
    }
    RowFormat format = way.format().orElseThrow();
    long use = MemoryInUse.begin();
    try {
      if (way.loops() == Loops.TILES) {
        multiplyByTiles((StoredBlock) format, products, m, k, x);
      } else {
        multiplyByRows(format, products, m, k, x);
      }
    } finally {
      MemoryInUse.end(use);
    }
  }

  private void multiplyByRows(
      RowFormat format, List<Product> products, int m, int k, MemorySegment x) {
    int pairs = (k / BLOCK + 1) / 2;
    long pairBytes = (long) m * RowCode.PAIR_BYTES;
    long inputs = scratch.get().input.atLeast(pairs * pairBytes).address();
    for (int row = 0; row < m; row++) {
      long output = inputs + (long) row * RowCode.PAIR_BYTES;
      int offset = format.hasMinima() ? Float.floatToIntBits(-1) : -format.offset();
      input(x, row, k, output)
          .set(InputCode.NEGATIVE_OFFSET, offset)
          .set(InputCode.OUTPUT_BYTES, pairBytes)
          .call(format.hasMinima() ? Code.ROW_INPUT_FOR_MINIMA : Code.ROW_INPUT);
    }
    ProductRows.share(
        parallel,
        products,
        k,
        (product, from, count) -> multiplyRows(format, product, from, count, inputs, m, k));
  }

  private void multiplyRows(
      RowFormat format, Product product, int from, int count, long inputs, int m, int k) {
    long rowBytes = product.format().bytes(k);
    scratch
        .get()
        .arguments
        .set(RowCode.CONSTANTS, Constants.ADDRESS)
        .set(RowCode.WEIGHTS, weights(product, from, count, rowBytes))
        .set(RowCode.WEIGHT_BYTES, rowBytes)
        .set(RowCode.ROWS, count)
        .set(RowCode.X, inputs)
        .set(RowCode.X_BYTES, (long) m * RowCode.PAIR_BYTES)
        .set(RowCode.X_ROWS, m)
        .set(RowCode.Y, results(product, from, m))
        .set(RowCode.Y_BYTES, (long) product.n() * Float.BYTES)
        .set(RowCode.STEPS, k / BLOCK / 2 / format.pairs())
        .set(RowCode.ODD, k / BLOCK % 2)
        .call(Code.rows(format));
  }

  private void multiplyByTiles(
      StoredBlock block, List<Product> products, int m, int k, MemorySegment x) {
    int blocks = k / BLOCK;
    long tileBytes = (long) blocks * TileCode.INPUT_BYTES;
    int tiles = (m - 1) / TileCode.TOGETHER + 1;
    long inputs = scratch.get().input.atLeast(tiles * tileBytes).address();
    parallel.forRange(
        m,
        FEWEST_PER_TASK / k + 1,
        (from, to) -> {
          for (int row = from; row < to; row++) {
            long tile = inputs + row / TileCode.TOGETHER * tileBytes;
            int place = row % TileCode.TOGETHER;
            input(x, row, k, tile + place * BLOCK)
                .set(InputCode.NEGATIVE_OFFSET, -block.offset())
                .set(InputCode.SCALES, tile + TileCode.SCALES + place * Float.BYTES)
                .call(Code.TILE_INPUT);
          }
        });
    int all = 0;
    for (Product product : products) {
      all += panels(product);
    }
    parallel.forRange(
        all,
        (int) (PRODUCTS_PER_TASK / ((long) TileCode.PANEL_ROWS * k * m)) + 1,
        (from, to) -> {
          int start = 0;
          for (Product product : products) {
            int end = Math.min(to - start, panels(product));
            for (int panel = Math.max(from - start, 0); panel < end; panel++) {
              multiplyPanel(block, product, panel, inputs, m, k);
            }
            start += panels(product);
          }
        });
  }

  private static int panels(Product product) {
    return (product.n() - 1) / TileCode.PANEL_ROWS + 1;
  }

  /// Where the rows are no multiple of a panel's, the last panel repeats some of the one before and
  /// leaves the same numbers there.
  private void multiplyPanel(
      StoredBlock block, Product product, int panel, long inputs, int m, int k) {
    int from = Math.min(panel * TileCode.PANEL_ROWS, product.n() - TileCode.PANEL_ROWS);
    int blocks = k / BLOCK;
    long rowBytes = product.format().bytes(k);
    long weights = weights(product, from, TileCode.PANEL_ROWS, rowBytes);
    long unpacked = scratch.get().panel.atLeast((long) blocks * TileCode.PANEL_BYTES).address();
    Arguments arguments = scratch.get().arguments;
    for (int half = 0; half < 2; half++) {
      arguments
          .set(PanelCode.CONSTANTS, Constants.ADDRESS)
          .set(PanelCode.WEIGHTS, weights + half * PanelCode.ROWS * rowBytes)
          .set(PanelCode.WEIGHT_BYTES, rowBytes)
          .set(PanelCode.PANEL, unpacked + half * PanelCode.ROWS * Float.BYTES)
          .set(PanelCode.BLOCKS, blocks)
          .call(Code.panels(block));
    }
    arguments
        .set(TileCode.PANEL, unpacked)
        .set(TileCode.X, inputs)
        .set(TileCode.Y, results(product, from, m))
        .set(TileCode.Y_BYTES, (long) product.n() * Float.BYTES)
        .set(TileCode.BLOCKS, blocks)
        .set(TileCode.X_ROWS, m)
        .call(Code.TILES);
  }

  /// Returns what both forms of [InputCode] want to know.
  private Arguments input(MemorySegment x, int row, int k, long output) {
    long bytes = (long) k * Float.BYTES;
    return scratch
        .get()
        .arguments
        .set(InputCode.CONSTANTS, Constants.ADDRESS)
        .set(InputCode.X, MemoryInUse.address(x, row * bytes, bytes))
        .set(InputCode.OUTPUT, output)
        .set(InputCode.BLOCKS, k / BLOCK);
  }

  private static long weights(Product product, int from, int count, long rowBytes) {
    return MemoryInUse.address(product.weights(), from * rowBytes, count * rowBytes);
  }

  /// Returns where the result of row `from` of the weights with the first of m rows of x goes.
  private static long results(Product product, int from, int m) {
    long bytes = (long) m * product.n() * Float.BYTES;
    return MemoryInUse.address(product.y(), 0, bytes) + (long) from * Float.BYTES;
  }

  /// What the code was written to, when it is first used.
  private static final class Code {
    static final MachineFunction ROW_INPUT = MachineFunction.of(InputCode.forRows(false));
    static final MachineFunction ROW_INPUT_FOR_MINIMA = MachineFunction.of(InputCode.forRows(true));
    static final MachineFunction TILE_INPUT = MachineFunction.of(InputCode.forTiles());
    static final MachineFunction TILES = MachineFunction.of(TileCode.code());

    private static final Map<RowFormat, MachineFunction> ROWS = new HashMap<>();
    private static final Map<StoredBlock, MachineFunction> PANELS =
        new EnumMap<>(StoredBlock.class);

    static {
      for (StoredBlock block : StoredBlock.values()) {
        ROWS.put(block, MachineFunction.of(RowCode.of(block)));
        PANELS.put(block, MachineFunction.of(PanelCode.of(block)));
      }
      for (SuperBlock block : SuperBlock.values()) {
        ROWS.put(block, MachineFunction.of(RowCode.of(block)));
      }
    }

    static MachineFunction rows(RowFormat format) {
      return Objects.requireNonNull(ROWS.get(format));
    }

    static MachineFunction panels(StoredBlock block) {
      return Objects.requireNonNull(PANELS.get(block));
    }
  }
}
