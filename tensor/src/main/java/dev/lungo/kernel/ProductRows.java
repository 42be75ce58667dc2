package dev.lungo.kernel;

import dev.lungo.kernel.BlockMatmulKernels.Product;
import java.util.List;

/// Shares out the rows of stored weights of several products, as one loop: its start and end take
/// as long as some of these products do.
public final class ProductRows {
  /// Most weights that one task reads. Processors fetch ahead, and what lies ahead should not be
  /// another thread's: tasks of 32 K took twice as long from memory.
  private static final int MOST_PER_TASK = 1 << 20;

  private static final int FEWEST_PER_TASK = 1 << 14;

  private ProductRows() {}

  /// Multiplies rows of the weights of one product.
  @FunctionalInterface
  public interface Body {
    void multiply(Product product, int from, int count);
  }

  /// Runs `body` for all rows of all products. They are cut evenly, as many times as there are
  /// threads or a multiple of it; a row's result must not depend on where.
  ///
  /// @param k weights of a row
  public static void share(Parallel parallel, List<Product> products, int k, Body body) {
    int all = 0;
    for (Product product : products) {
      all += product.n();
    }
    parallel.forRange(
        all,
        rowsPerTask(all, k, parallel.threads()),
        (from, to) -> {
          int start = 0;
          for (Product product : products) {
            int first = Math.max(from - start, 0);
            int end = Math.min(to - start, product.n());
            if (first < end) {
              body.multiply(product, first, end - first);
            }
            start += product.n();
          }
        });
  }

  private static int rowsPerTask(int n, int k, int threads) {
    long perThread = ((long) n * k - 1) / threads + 1;
    long tasks = threads * ((perThread - 1) / MOST_PER_TASK + 1);
    return (int) Math.max((n - 1) / tasks + 1, FEWEST_PER_TASK / k + 1);
  }
}
