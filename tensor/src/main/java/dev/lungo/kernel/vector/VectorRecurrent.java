package dev.lungo.kernel.vector;

import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.MatmulKernels;
import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.kernel.Parallel;
import dev.lungo.kernel.RecurrentKernels;
import java.lang.foreign.MemorySegment;

/// Recurrent layers. The recurrent weight is packed once a sequence; in each step the blocks of
/// units are shared out, and a thread that has multiplied a block goes on to its gates.
///
/// Up to [Kernels#FEW_ROWS] rows in all, as in decoding, read the weight where it is instead.
final class VectorRecurrent implements RecurrentKernels {
  private final Parallel parallel;
  private final MatmulKernels matmul;
  private final ThreadLocal<RecurrentPanels> allPanels =
      ThreadLocal.withInitial(RecurrentPanels::new);
  private final ThreadLocal<GateBlock> blocks = ThreadLocal.withInitial(GateBlock::new);

  VectorRecurrent(Parallel parallel, MatmulKernels matmul) {
    this.parallel = parallel;
    this.matmul = matmul;
  }

  @Override
  public void forward(Layer layer) {
    RecurrentPanels panels = allPanels.get();
    panels.reserve(layer, layer.cell().gates(), 1);
    if (layer.steps() * layer.batch() <= Kernels.FEW_ROWS) {
      forwardFew(layer, panels);
      return;
    }
    panels.packForward(parallel, layer, blocks);
    panels.setRows(layer.firstHidden(), layer.batch(), layer.width());
    for (int t = 0; t < layer.steps(); t++) {
      int step = t;
      parallel.forRange(
          panels.blocks(),
          1,
          (from, to) -> {
            GateBlock mine = blocks.get();
            for (int block = from; block < to; block++) {
              mine.start(layer, block);
              mine.multiply(panels);
              mine.forward(layer, step, panels);
            }
          });
      panels.turnRows();
    }
  }

  private void forwardFew(Layer layer, RecurrentPanels panels) {
    int batch = layer.batch();
    int width = layer.width();
    int gates = layer.cell().gates();
    MemorySegment products = panels.products((long) batch * gates * width);
    for (int t = 0; t < layer.steps(); t++) {
      int step = t;
      matmul.multiply(
          Form.NT,
          batch,
          gates * width,
          width,
          step == 0 ? layer.firstHidden() : layer.hidden(),
          step == 0 ? 0 : (step - 1L) * batch * width,
          width,
          layer.weight(),
          0,
          width,
          products,
          0,
          gates * width,
          false);
      parallel.forRange(
          panels.blocks(),
          1,
          (from, to) -> {
            GateBlock mine = blocks.get();
            for (int block = from; block < to; block++) {
              mine.start(layer, block);
              mine.loadProducts(products, gates);
              mine.forward(layer, step, panels);
            }
          });
    }
  }

  @Override
  public void backward(
      Layer layer, MemorySegment dHidden, MemorySegment dFirstHidden, MemorySegment dFirstCell) {
    RecurrentPanels panels = allPanels.get();
    panels.reserve(layer, 1, layer.cell().gates());
    panels.packBackward(parallel, layer, blocks);
    for (int t = layer.steps() - 1; t >= 0; t--) {
      int step = t;
      boolean isLast = layer.endsPiece(step);
      parallel.forRange(
          panels.blocks(),
          1,
          (from, to) -> {
            GateBlock mine = blocks.get();
            for (int block = from; block < to; block++) {
              mine.start(layer, block);
              mine.multiplyBack(panels, isLast);
              mine.backward(layer, step, dHidden, panels);
            }
          });
      panels.turnRows();
    }
    parallel.forRange(
        panels.blocks(),
        1,
        (from, to) -> {
          GateBlock mine = blocks.get();
          for (int block = from; block < to; block++) {
            mine.start(layer, block);
            mine.multiplyBack(panels, false);
            mine.backwardToFirst(layer, dFirstHidden, dFirstCell, panels);
          }
        });
  }
}
