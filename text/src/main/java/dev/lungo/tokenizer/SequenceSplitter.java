package dev.lungo.tokenizer;

import java.util.List;
import java.util.stream.Collectors;

/// Cuts by several splitters, each cutting the pieces of the one before.
public final class SequenceSplitter implements Splitter {
  private final List<Splitter> steps;

  /// @throws IllegalArgumentException if there are no steps
  public SequenceSplitter(List<Splitter> steps) {
    if (steps.isEmpty()) {
      throw new IllegalArgumentException("a sequence of splitters needs at least one");
    }
    this.steps = List.copyOf(steps);
  }

  /// Returns the steps, in order.
  public List<Splitter> steps() {
    return steps;
  }

  @Override
  public String pattern() {
    return steps.stream().map(Splitter::pattern).collect(Collectors.joining(" then "));
  }

  @Override
  public boolean cutsAfterWords() {
    return false;
  }

  @Override
  public Pieces pieces(byte[] text, int from, int to) {
    Pieces pieces = steps.getFirst().pieces(text, from, to);
    for (Splitter step : steps.subList(1, steps.size())) {
      pieces = new Refined(pieces, step, text, from);
    }
    return pieces;
  }

  private static final class Refined implements Pieces {
    private final Pieces outer;
    private final Splitter step;
    private final byte[] text;
    private final int[] outerEnd = new int[1];
    private int from;
    private Pieces inner;

    Refined(Pieces outer, Splitter step, byte[] text, int from) {
      this.outer = outer;
      this.step = step;
      this.text = text;
      this.from = from;
      this.inner = step.pieces(text, from, from);
    }

    @Override
    public int next(int[] ends) {
      int count = inner.next(ends);
      while (count == 0) {
        if (outer.next(outerEnd) == 0) {
          return 0;
        }
        inner = step.pieces(text, from, outerEnd[0]);
        from = outerEnd[0];
        count = inner.next(ends);
      }
      return count;
    }
  }
}
