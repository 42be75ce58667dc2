package dev.lungo.generate;

import dev.lungo.kernel.Kernels;
import dev.lungo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/// Speculative decoding (Leviathan et al. 2022, arXiv:2211.17192): a small draft model proposes a
/// few ids, the model computes all their logits in one pass and takes as many as it would have
/// chosen.
///
/// At temperature 0 an id is taken if it is the one that the model chooses. Above, an id that the
/// draft draws with probability q(x) is taken with probability min(1, p(x) / q(x)), and else
/// replaced by one drawn from max(0, p - q), normalized: what comes out is distributed as p. If all
/// are taken, the last logits give one more id.
///
/// Since up to [Kernels#FEW_ROWS] rows come out with the same bits together as alone, the ids at
/// temperature 0 are exactly those without a draft.
final class SpeculativeTokens implements TokenSource {
  /// One row is the id before the proposals.
  static final int MOST_DRAFTS = Kernels.FEW_ROWS - 1;

  private final Generator target;
  private final Generator draft;
  private final Sampler sampler;
  private final Sampler draftSampler;
  private final boolean takesLikeliest;
  private final int most;
  private final int vocabulary;
  private final Optional<LogProbs> logProbs;
  private final double[] wanted;
  private final double[][] proposed;
  private Optional<Tensor> promptLogits;

  /// All ids, the prompt's and those chosen, and how many of them [#next] has given away.
  private int[] ids;

  private int count;
  private int given;
  private long proposals;
  private long accepted;

  /// @param logits of what follows the prompt, which the target has seen and the draft has not
  /// @param most ids to propose at once
  SpeculativeTokens(
      Generator target,
      Generator draft,
      int[] prompt,
      Tensor logits,
      Sampler.Settings settings,
      Sampler sampler,
      int most,
      Optional<LogProbs> logProbs) {
    check(settings, most);
    this.target = target;
    this.draft = draft;
    this.sampler = sampler;
    this.most = most;
    this.logProbs = logProbs;
    vocabulary = (int) logits.elements();
    takesLikeliest = settings.temperature() == 0 || settings.topK() == 1;
    // Any distribution may propose, so this one leaves out what depends on the text.
    draftSampler =
        new Sampler(
            new Sampler.Settings(
                settings.temperature(),
                settings.topK(),
                settings.topP(),
                settings.minP(),
                1,
                0,
                ~settings.seed()),
            vocabulary);
    wanted = new double[takesLikeliest ? 0 : vocabulary];
    proposed = new double[most][takesLikeliest ? 0 : vocabulary];
    promptLogits = Optional.of(logits);
    ids = Arrays.copyOf(prompt, prompt.length + 64);
    count = prompt.length;
    given = prompt.length;
  }

  /// @throws IllegalArgumentException if a draft cannot be used in this way
  static void check(Sampler.Settings settings, int most) {
    if (most < 1 || most > MOST_DRAFTS) {
      throw new IllegalArgumentException(
          "a draft may propose 1 to " + MOST_DRAFTS + " tokens at once, not " + most);
    }
    if (settings.mirostat().isPresent()) {
      throw new IllegalArgumentException(
          "mirostat follows each token, so it cannot be used with a draft model");
    }
  }

  @Override
  public OptionalInt next() {
    if (given == count) {
      if (promptLogits.isPresent()) {
        append(sampler.next(promptLogits.get().data()), promptLogits.get().data());
        promptLogits = Optional.empty();
      } else if (target.position() < target.capacity()) {
        speculate();
      } else {
        return OptionalInt.empty();
      }
    }
    return OptionalInt.of(ids[given++]);
  }

  Drafts drafts() {
    return Drafts.of(proposals, accepted);
  }

  private void append(int id, MemorySegment logits) {
    logProbs.ifPresent(log -> log.record(logits, id));
    sampler.accept(id);
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, 2 * count);
    }
    ids[count++] = id;
  }

  /// Proposes, verifies, and appends at least one id. Before and after, the target has seen all ids
  /// but the last.
  private void speculate() {
    int before = target.position();
    int room = Math.min(target.capacity() - before - 1, draft.capacity() - count + 1);
    int[] block = propose(Math.clamp(room, 0, most));
    Tensor logits = target.feedAll(block);
    int taken = 0;
    while (taken < block.length - 1 && verify(row(logits, taken), block[taken + 1], taken)) {
      taken++;
    }
    if (taken == block.length - 1) {
      MemorySegment last = row(logits, taken);
      append(sampler.next(last), last);
    }
    proposals += block.length - 1;
    accepted += taken;
    target.rewind(before + 1 + taken);
    draft.rewind(Math.min(draft.position(), before + 1 + taken));
  }

  private MemorySegment row(Tensor logits, int row) {
    return logits.rows(row, row + 1).data();
  }

  /// Returns the last id and what the draft proposes after it.
  private int[] propose(int proposals) {
    int[] block = new int[1 + proposals];
    block[0] = ids[count - 1];
    int[] unseen = Arrays.copyOfRange(ids, draft.position(), count);
    for (int i = 0; i < proposals; i++) {
      MemorySegment logits = draft.feed(unseen).data();
      if (takesLikeliest) {
        block[i + 1] = draftSampler.next(logits);
      } else {
        draftSampler.distribution(logits, proposed[i]);
        block[i + 1] = draw(proposed[i], 1, draftSampler.nextRandom());
      }
      unseen = new int[] {block[i + 1]};
    }
    return block;
  }

  /// Appends a proposed id, or another in its place.
  ///
  /// @return whether it was the proposed one
  private boolean verify(MemorySegment logits, int id, int proposal) {
    if (takesLikeliest) {
      int chosen = sampler.next(logits);
      append(chosen, logits);
      return chosen == id;
    }
    sampler.distribution(logits, wanted);
    double[] offered = proposed[proposal];
    if (sampler.nextRandom() * offered[id] < wanted[id]) {
      append(id, logits);
      return true;
    }
    double left = 0;
    for (int i = 0; i < vocabulary; i++) {
      wanted[i] = Math.max(0, wanted[i] - offered[i]);
      left += wanted[i];
    }
    if (left == 0) {
      // The distributions are equal but for rounding.
      append(id, logits);
      return true;
    }
    append(draw(wanted, left, sampler.nextRandom()), logits);
    return false;
  }

  private static int draw(double[] weights, double total, double share) {
    double point = share * total;
    int last = 0;
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        last = i;
        point -= weights[i];
        if (point < 0) {
          return i;
        }
      }
    }
    // Rounding may leave a crumb of the total behind the last weight.
    return last;
  }
}
