package dev.lungo.model;

import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.op.Pass;
import dev.lungo.op.Rotary;
import dev.lungo.tensor.Workspace;
import java.util.HashMap;
import java.util.Map;

/// The rotary tables of a model, made as far as they are needed: a context of 131,072 positions
/// would take a second and 64 MB for a prompt of five.
final class RotaryPositions implements AutoCloseable {
  /// Scaling that follows the text's length has a table for each; so many are kept.
  private static final int MOST_TABLES = 8;

  private final RotaryLayout layout;
  private final int turned;
  private final double base;
  private final RopeScaling scaling;
  private final int context;
  private final Workspace workspace = new Workspace("rotary tables");
  private final Map<Integer, Rotary.Table> tables = new HashMap<>();

  /// Makes none yet.
  ///
  /// @param turned how many elements of a head are turned
  RotaryPositions(RotaryLayout layout, int turned, double base, RopeScaling scaling, int context) {
    this.layout = layout;
    this.turned = turned;
    this.base = base;
    this.scaling = scaling;
    this.context = context;
  }

  /// Returns the angle by which one position turns each pair in texts of up to `reach` positions.
  double[] frequencies(int reach) {
    return scaling.frequencies(turned, base, scaling.regime(reach));
  }

  /// Returns a table of at least `positions` positions.
  ///
  /// @param reach how many positions the text may take in the end
  synchronized Rotary.Table table(Pass pass, int positions, int reach) {
    int regime = scaling.regime(reach);
    Rotary.Table there = tables.get(regime);
    if (there != null && there.positions() >= positions) {
      return there;
    }
    boolean kept = there != null || tables.size() < MOST_TABLES;
    int more =
        there == null ? positions : Math.min(context, Math.max(positions, 2 * there.positions()));
    Rotary.Table made =
        Rotary.table(
            kept ? workspace : pass.workspace(),
            layout,
            more,
            scaling.frequencies(turned, base, regime),
            scaling.attentionFactor());
    if (kept) {
      tables.put(regime, made);
    }
    return made;
  }

  @Override
  public void close() {
    workspace.close();
  }
}
