package dev.lungo.kernel.machine;

import dev.lungo.kernel.AttentionShape;

/// What becomes of scores before they are compared with others.
///
/// @param alibi whether they lose the distance to the key times a slope ([AlibiRows])
/// @param softCap what bounds them ([SoftCapCode]), if anything does
record ScoreChange(boolean alibi, float softCap) {
  static final ScoreChange NONE = new ScoreChange(false, AttentionShape.UNCAPPED);

  static ScoreChange of(AttentionShape shape) {
    return new ScoreChange(shape.alibi(), shape.softCap());
  }

  boolean capped() {
    return softCap < AttentionShape.UNCAPPED;
  }
}
