package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.constant;
import static dev.lungo.kernel.vector.Lanes.get;
import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;

import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.kernel.RecurrentKernels.Layer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// One time step of a block of units, for all sequences: the products stay in the first-level cache
/// until the gates are computed from them. Belongs to one thread.
///
/// Numbers are in slots, each with a row of [RegisterTile#COLUMNS] units for every sequence; the
/// first slots are the gates in their order.
final class GateBlock {
  /// h, or its gradient.
  private static final int HIDDEN = 4;

  /// h or c before the step.
  private static final int BEFORE = 5;

  /// c, or what r multiplies.
  private static final int EXTRA = 6;

  /// tanh(c).
  private static final int SQUASHED = 7;

  private static final int SLOTS = 8;

  private static final FloatVector ZERO = constant(0);
  private static final FloatVector ONE = constant(1);

  /// Room for lines that are packed.
  final float[] lines = new float[Panels.LINES_LENGTH];

  private float[] v = new float[0];
  private int slot;
  private int batch;
  private int width;
  private int unit;
  private int units;
  private int block;

  /// Begins a block.
  void start(Layer layer, int block) {
    this.block = block;
    batch = layer.batch();
    width = layer.width();
    unit = block * COLUMNS;
    units = Math.min(COLUMNS, width - unit);
    slot = RecurrentPanels.paddedRows(batch) * COLUMNS;
    if (v.length < SLOTS * slot) {
      v = new float[SLOTS * slot];
    }
  }

  private int at(int index) {
    return index * slot;
  }

  private int count() {
    return batch * COLUMNS;
  }

  /// Takes the gates' products from the panels.
  void multiply(RecurrentPanels panels) {
    panels.multiply(block, v, 0, slot);
  }

  /// Takes the gates' products from (B, gates·H).
  void loadProducts(MemorySegment products, int gates) {
    for (int gate = 0; gate < gates; gate++) {
      load(products, gate * width + unit, gates * width, gate);
    }
  }

  /// Computes a step from the products.
  void forward(Layer layer, int step, RecurrentPanels panels) {
    long state = (long) step * batch * width + unit;
    int gates = layer.cell().gates();
    long input = (long) step * batch * gates * width + unit;
    switch (layer.cell()) {
      case RNN_TANH -> {
        add(layer.gates(), input, width, 0);
        tanh(v, 0, at(HIDDEN), count());
      }
      case RNN_RELU -> {
        add(layer.gates(), input, width, 0);
        relu(v, 0, at(HIDDEN), count());
      }
      case LSTM -> {
        for (int gate = 0; gate < 4; gate++) {
          add(layer.gates(), input + (long) gate * width, gates * width, gate);
        }
        loadBefore(layer.firstCell(), layer.extra(), step);
        lstm();
        store(EXTRA, layer.extra(), state, width);
      }
      case GRU -> {
        add(layer.gates(), input, gates * width, 0);
        add(layer.gates(), input + width, gates * width, 1);
        System.arraycopy(v, at(2), v, at(EXTRA), count());
        addToEach(layer.hiddenBias(), EXTRA);
        load(layer.gates(), input + 2L * width, gates * width, 2);
        loadBefore(layer.firstHidden(), layer.hidden(), step);
        gru();
        store(EXTRA, layer.extra(), state, width);
      }
    }
    if (layer.cell().hasExtra()) {
      for (int gate = 0; gate < gates; gate++) {
        store(gate, layer.gates(), input + (long) gate * width, gates * width);
      }
    }
    store(HIDDEN, layer.hidden(), state, width);
    panels.setNextRows(0, block, v, at(HIDDEN), batch);
  }

  private void lstm() {
    sigmoid(v, at(0), count());
    sigmoid(v, at(1), count());
    tanh(v, at(2), at(2), count());
    sigmoid(v, at(3), count());
    // c' = f·c + i·g
    for (int i = 0; i < count(); i += LENGTH) {
      get(v, at(1) + i)
          .fma(get(v, at(BEFORE) + i), get(v, i).mul(get(v, at(2) + i)))
          .intoArray(v, at(EXTRA) + i);
    }
    tanh(v, at(EXTRA), at(HIDDEN), count());
    for (int i = at(HIDDEN); i < at(HIDDEN) + count(); i += LENGTH) {
      get(v, i).mul(get(v, i + at(3) - at(HIDDEN))).intoArray(v, i);
    }
  }

  private void gru() {
    sigmoid(v, at(0), count());
    sigmoid(v, at(1), count());
    // n before its tanh: x + r·(W·h + b)
    for (int i = 0; i < count(); i += LENGTH) {
      get(v, i).fma(get(v, at(EXTRA) + i), get(v, at(2) + i)).intoArray(v, at(2) + i);
    }
    tanh(v, at(2), at(2), count());
    // h' = n + z·(h - n)
    for (int i = 0; i < count(); i += LENGTH) {
      FloatVector n = get(v, at(2) + i);
      get(v, at(1) + i).fma(get(v, at(BEFORE) + i).sub(n), n).intoArray(v, at(HIDDEN) + i);
    }
  }

  /// Takes the gradient that comes by products from the step after, if there is one.
  void multiplyBack(RecurrentPanels panels, boolean isLast) {
    if (isLast) {
      Arrays.fill(v, at(HIDDEN), at(HIDDEN) + count(), 0);
      int carry = panels.carriedFrom(block);
      Arrays.fill(panels.carried(), carry, carry + count(), 0);
    } else {
      panels.multiply(block, v, at(HIDDEN), slot);
    }
  }

  /// Passes the gradients of a step on to its products and to the step before.
  void backward(Layer layer, int step, MemorySegment dHidden, RecurrentPanels panels) {
    long state = (long) step * batch * width + unit;
    int gates = layer.cell().gates();
    long input = (long) step * batch * gates * width + unit;
    float[] carried = panels.carried();
    int carry = panels.carriedFrom(block);
    add(dHidden, state, width, HIDDEN);
    for (int gate = 0; layer.cell().hasExtra() && gate < gates; gate++) {
      load(layer.gates(), input + (long) gate * width, gates * width, gate);
    }
    switch (layer.cell()) {
      case RNN_TANH -> {
        load(layer.hidden(), state, width, 0);
        rnnTanhBackward();
      }
      case RNN_RELU -> {
        load(layer.hidden(), state, width, 0);
        rnnReluBackward();
      }
      case LSTM -> {
        load(layer.extra(), state, width, EXTRA);
        loadBefore(layer.firstCell(), layer.extra(), step);
        tanh(v, at(EXTRA), at(SQUASHED), count());
        lstmBackward(carried, carry);
        store(EXTRA, layer.extra(), state, width);
      }
      case GRU -> {
        for (int i = 0; i < count(); i += LENGTH) {
          get(v, at(HIDDEN) + i).add(get(carried, carry + i)).intoArray(v, at(HIDDEN) + i);
        }
        load(layer.extra(), state, width, EXTRA);
        loadBefore(layer.firstHidden(), layer.hidden(), step);
        gruBackward(carried, carry);
        store(EXTRA, layer.extra(), state, width);
      }
    }
    store(HIDDEN, dHidden, state, width);
    for (int gate = 0; gate < gates; gate++) {
      store(gate, layer.gates(), input + (long) gate * width, gates * width);
      boolean inner = layer.cell() == Cell.GRU && gate == 2;
      panels.setNextRows(gate, block, v, at(inner ? EXTRA : gate), batch);
    }
  }

  private void rnnTanhBackward() {
    for (int i = 0; i < count(); i += LENGTH) {
      FloatVector h = get(v, i);
      get(v, at(HIDDEN) + i).mul(ONE.sub(h.mul(h))).intoArray(v, i);
    }
  }

  private void rnnReluBackward() {
    for (int i = 0; i < count(); i += LENGTH) {
      VectorMask<Float> positive = ActivationLanes.positive(get(v, i));
      ZERO.blend(get(v, at(HIDDEN) + i), positive).intoArray(v, i);
    }
  }

  private void lstmBackward(float[] carried, int carry) {
    for (int k = 0; k < count(); k += LENGTH) {
      FloatVector i = get(v, k);
      FloatVector f = get(v, at(1) + k);
      FloatVector g = get(v, at(2) + k);
      FloatVector o = get(v, at(3) + k);
      FloatVector dh = get(v, at(HIDDEN) + k);
      FloatVector t = get(v, at(SQUASHED) + k);
      FloatVector dc = dh.mul(o).fma(ONE.sub(t.mul(t)), get(carried, carry + k));
      dh.mul(t).mul(o).mul(ONE.sub(o)).intoArray(v, at(3) + k);
      dc.mul(g).mul(i).mul(ONE.sub(i)).intoArray(v, k);
      dc.mul(i).mul(ONE.sub(g.mul(g))).intoArray(v, at(2) + k);
      FloatVector passed = dc.mul(f);
      passed.intoArray(carried, carry + k);
      passed.mul(get(v, at(BEFORE) + k)).mul(ONE.sub(f)).intoArray(v, at(1) + k);
      dc.intoArray(v, at(EXTRA) + k);
    }
  }

  private void gruBackward(float[] carried, int carry) {
    for (int k = 0; k < count(); k += LENGTH) {
      FloatVector r = get(v, k);
      FloatVector z = get(v, at(1) + k);
      FloatVector n = get(v, at(2) + k);
      FloatVector dh = get(v, at(HIDDEN) + k);
      FloatVector passed = dh.mul(z);
      passed.intoArray(carried, carry + k);
      FloatVector dn = dh.sub(passed).mul(ONE.sub(n.mul(n)));
      passed.mul(get(v, at(BEFORE) + k).sub(n)).mul(ONE.sub(z)).intoArray(v, at(1) + k);
      dn.intoArray(v, at(2) + k);
      FloatVector inner = dn.mul(r);
      inner.mul(get(v, at(EXTRA) + k)).mul(ONE.sub(r)).intoArray(v, k);
      inner.intoArray(v, at(EXTRA) + k);
    }
  }

  /// Adds what reaches the state before the first step.
  void backwardToFirst(
      Layer layer, MemorySegment dFirstHidden, MemorySegment dFirstCell, RecurrentPanels panels) {
    int carry = panels.carriedFrom(block);
    if (layer.cell().hasCell()) {
      System.arraycopy(panels.carried(), carry, v, at(EXTRA), count());
      add(dFirstCell, unit, width, EXTRA);
      store(EXTRA, dFirstCell, unit, width);
    } else {
      // Zeros, unless the cell hands h on past the products.
      for (int i = 0; i < count(); i += LENGTH) {
        get(v, at(HIDDEN) + i).add(get(panels.carried(), carry + i)).intoArray(v, at(HIDDEN) + i);
      }
    }
    add(dFirstHidden, unit, width, HIDDEN);
    store(HIDDEN, dFirstHidden, unit, width);
  }

  private void loadBefore(MemorySegment first, MemorySegment later, int step) {
    load(
        step == 0 ? first : later,
        step == 0 ? unit : (long) (step - 1) * batch * width + unit,
        width,
        BEFORE);
  }

  private void load(MemorySegment source, long from, int stride, int index) {
    for (int b = 0; b < batch; b++) {
      loadRow(source, from + (long) b * stride, units, v, at(index) + b * COLUMNS);
    }
  }

  private void add(MemorySegment source, long from, int stride, int index) {
    for (int b = 0; b < batch; b++) {
      addRow(source, from + (long) b * stride, units, v, at(index) + b * COLUMNS);
    }
  }

  private void addToEach(MemorySegment row, int index) {
    for (int b = 0; b < batch; b++) {
      addRow(row, unit, units, v, at(index) + b * COLUMNS);
    }
  }

  private void store(int index, MemorySegment target, long to, int stride) {
    for (int b = 0; b < batch; b++) {
      storeRow(v, at(index) + b * COLUMNS, target, to + (long) b * stride, units);
    }
  }

  private static void loadRow(MemorySegment source, long from, int units, float[] v, int at) {
    if (units == COLUMNS) {
      Lanes.load(source, from).intoArray(v, at);
      Lanes.load(source, from + LENGTH).intoArray(v, at + LENGTH);
      return;
    }
    for (int i = 0; i < units; i++) {
      v[at + i] = source.get(ValueLayout.JAVA_FLOAT, (from + i) << 2);
    }
    Arrays.fill(v, at + units, at + COLUMNS, 0);
  }

  private static void addRow(MemorySegment source, long from, int units, float[] v, int at) {
    if (units == COLUMNS) {
      get(v, at).add(Lanes.load(source, from)).intoArray(v, at);
      get(v, at + LENGTH).add(Lanes.load(source, from + LENGTH)).intoArray(v, at + LENGTH);
      return;
    }
    for (int i = 0; i < units; i++) {
      v[at + i] += source.get(ValueLayout.JAVA_FLOAT, (from + i) << 2);
    }
  }

  private static void storeRow(float[] v, int at, MemorySegment target, long to, int units) {
    if (units == COLUMNS) {
      Lanes.store(get(v, at), target, to);
      Lanes.store(get(v, at + LENGTH), target, to + LENGTH);
      return;
    }
    for (int i = 0; i < units; i++) {
      target.set(ValueLayout.JAVA_FLOAT, (to + i) << 2, v[at + i]);
    }
  }

  private static void sigmoid(float[] v, int from, int count) {
    for (int i = from; i < from + count; i += LENGTH) {
      ExponentialLanes.sigmoid(get(v, i)).intoArray(v, i);
    }
  }

  private static void tanh(float[] v, int from, int to, int count) {
    for (int i = 0; i < count; i += LENGTH) {
      ExponentialLanes.tanh(get(v, from + i)).intoArray(v, to + i);
    }
  }

  private static void relu(float[] v, int from, int to, int count) {
    for (int i = 0; i < count; i += LENGTH) {
      ActivationLanes.relu(get(v, from + i)).intoArray(v, to + i);
    }
  }
}
