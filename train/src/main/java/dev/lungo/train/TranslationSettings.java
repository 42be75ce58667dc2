package dev.lungo.train;

import dev.lungo.model.EncoderDecoderConfig.Activation;
import dev.lungo.model.EncoderDecoderConfig.NormPlacement;
import dev.lungo.model.EncoderDecoderConfig.SharedTables;
import dev.lungo.optim.Schedule.Decay;
import dev.lungo.train.TrainingSettings.OptimizerChoice;

/// Every setting of a run that learns to translate: the flags of the command, the header that it
/// prints, and what the run's folder keeps.
///
/// @param corpus file of pairs; empty means English to French from CLDR
/// @param strict whether a line that is no pair, or is too long, is an error
/// @param vocabulary tokens of the tokenizer that both languages share
/// @param depth layers of the encoder, and as many of the decoder
/// @param longest tokens of a source or a target; longer pairs are left out
/// @param batchTokens positions of a batch, the longer side of each pair and padding counted
/// @param minutes of training, where `steps` is 0
/// @param rate learning rate of the matrices (of everything, with `adamw`)
/// @param schedule how the rate changes; `INVERSE_ROOT` takes its height from width and warm-up,
///   and `rate` times that
/// @param warmup steps in which the rate rises
/// @param decayShare share of the run in which the rate falls to 0, with `TRAPEZOID`
/// @param smoothing ε of label smoothing
/// @param evaluateEvery steps between evaluations; 0 makes about ten of a run
/// @param evaluationPairs held-out pairs that the last evaluation translates
public record TranslationSettings(
    String corpus,
    boolean strict,
    int vocabulary,
    int depth,
    int width,
    int heads,
    NormPlacement norm,
    Activation activation,
    SharedTables shared,
    int longest,
    int batchTokens,
    double minutes,
    long steps,
    OptimizerChoice optimizer,
    double rate,
    double weightDecay,
    RateSchedule schedule,
    long warmup,
    double decayShare,
    Decay decay,
    double clip,
    double dropout,
    double smoothing,
    long seed,
    int threads,
    long evaluateEvery,
    int evaluationPairs) {

  /// How the learning rate changes.
  public enum RateSchedule {
    /// Up, level, down to 0.
    TRAPEZOID,
    /// The paper's: up, then down with the root of the steps.
    INVERSE_ROOT
  }

  public TranslationSettings {
    atLeast("vocabulary", vocabulary, 260);
    atLeast("depth", depth, 1);
    atLeast("width", width, 4);
    atLeast("heads", heads, 1);
    atLeast("longest", longest, 4);
    atLeast("batch-tokens", batchTokens, longest);
    atLeast("steps", steps, 0);
    atLeast("warm-up", warmup, 0);
    atLeast("threads", threads, 1);
    atLeast("evaluate-every", evaluateEvery, 0);
    atLeast("evaluation-pairs", evaluationPairs, 1);
    positive("minutes", minutes);
    positive("learning rate", rate);
    positive("clip", clip);
    share("dropout", dropout);
    share("label smoothing", smoothing);
    if (!(weightDecay >= 0)) {
      throw new IllegalArgumentException(
          "weight decay must not be negative, but is " + weightDecay);
    }
    if (!(decayShare > 0 && decayShare <= 1)) {
      throw new IllegalArgumentException("decay share must be in (0, 1], but is " + decayShare);
    }
    if (schedule == RateSchedule.INVERSE_ROOT && warmup < 1) {
      throw new IllegalArgumentException("the paper's schedule needs a warm-up of 1 step or more");
    }
  }

  private static void atLeast(String name, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(name + " must be at least " + least + ", but is " + value);
    }
  }

  private static void positive(String name, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + " must be above 0, but is " + value);
    }
  }

  private static void share(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " must be in [0, 1), but is " + value);
    }
  }
}
