package dev.lungo.cli;

import dev.lungo.model.EncoderDecoderConfig.Activation;
import dev.lungo.model.EncoderDecoderConfig.NormPlacement;
import dev.lungo.model.EncoderDecoderConfig.SharedTables;
import dev.lungo.train.TranslationSettings.RateSchedule;
import java.util.Optional;
import picocli.CommandLine.Option;

/// What `./lungo train --task translation` can be told beyond what every run can.
final class TranslationOptions {
  @Option(
      names = "--strict",
      description = "With --task translation: fail at a line of --corpus that is no pair.")
  boolean strict;

  @Option(
      names = "--norm",
      paramLabel = "WHERE",
      description = "With --task translation: pre, or post as published (default: pre).",
      defaultValue = "pre")
  NormPlacement norm;

  @Option(
      names = "--activation",
      paramLabel = "NAME",
      description = "With --task translation: relu, gelu or swiglu (default: ${DEFAULT-VALUE}).",
      defaultValue = "relu")
  Activation activation;

  @Option(
      names = "--shared",
      paramLabel = "TABLES",
      description =
          "With --task translation: all (source, target and output are one table, as published),"
              + " target or none (default: ${DEFAULT-VALUE}).",
      defaultValue = "all")
  SharedTables shared;

  @Option(
      names = "--longest",
      paramLabel = "N",
      description =
          "With --task translation: tokens of a source or target (default: ${DEFAULT-VALUE}).",
      defaultValue = "127")
  int longest;

  @Option(
      names = "--batch-tokens",
      paramLabel = "N",
      description =
          "With --task translation: positions of a batch, the longer side of each pair counted"
              + " (default: ${DEFAULT-VALUE}).",
      defaultValue = "2048")
  int batchTokens;

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      description =
          "With --task translation: trapezoid, or inverse_root as published, which takes its"
              + " height from width and --warmup (default: ${DEFAULT-VALUE}).",
      defaultValue = "trapezoid")
  RateSchedule schedule;

  @Option(
      names = "--label-smoothing",
      paramLabel = "E",
      description = "With --task translation (default: 0, or 0.1 with --corpus).")
  Optional<Double> smoothing = Optional.empty();

  @Option(
      names = "--evaluation-pairs",
      paramLabel = "N",
      description =
          "With --task translation: held-out pairs to translate at the end (default:"
              + " ${DEFAULT-VALUE}).",
      defaultValue = "1000")
  int evaluationPairs;
}
