package dev.lungo.lab;

import dev.lungo.lab.Chart.Series;
import dev.lungo.lab.GradientsLab.Decay;
import dev.lungo.lab.GradientsLab.Explosion;
import dev.lungo.lab.GradientsLab.Recall;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Tables and charts of [GradientsLab].
///
/// @param steps of training for each lag
/// @param byRadius gradient norms by distance, for spectral radii
/// @param atFirst the same of all architectures with their first weights
/// @param trained the same after training
/// @param exploding losses and norms by step
record GradientsReport(
    List<Finding> findings,
    List<Decay> decays,
    List<Recall> recalls,
    List<Explosion> explosions,
    int steps,
    List<Series> byRadius,
    List<Series> atFirst,
    List<Series> trained,
    List<Series> exploding) {

  LabReport report() {
    return new LabReport(
        "Gradients through time",
        "How does the gradient of a loss change on its way back through time, and what does that"
            + " let a model learn? Rates are fitted from a distance of "
            + GradientsLab.FIT_FROM
            + " steps on; all models have one layer and about as many parameters.",
        findings,
        List.of(decayTable(), recallTable(), explosionTable()),
        List.of(
            chart("RNN: gradient norm by distance and spectral radius", byRadius),
            chart("Gradient norm by distance, first weights", atFirst),
            chart("Gradient norm by distance, after training", trained),
            recallChart(),
            new Chart(
                "An exploding RNN under plain gradient descent",
                Axis.linear("step"),
                Axis.logarithmic("loss in nats, and gradient norm"),
                exploding)));
  }

  private static Chart chart(String title, List<Series> curves) {
    return new Chart(
        title, Axis.linear("steps back"), Axis.logarithmic("norm relative to the last"), curves);
  }

  private Set<String> models() {
    Set<String> models = new LinkedHashSet<>();
    recalls.forEach(recall -> models.add(recall.model()));
    return models;
  }

  private Set<Integer> lags() {
    Set<Integer> lags = new LinkedHashSet<>();
    recalls.forEach(recall -> lags.add(recall.lag()));
    return lags;
  }

  private Table decayTable() {
    List<List<String>> rows = new ArrayList<>();
    for (Decay decay : decays) {
      rows.add(
          List.of(
              decay.model(),
              String.format(Locale.ROOT, "%,d", decay.parameters()),
              decay.computed().map(rate -> String.format(Locale.ROOT, "%.3f", rate)).orElse("–"),
              String.format(Locale.ROOT, "%.3f", decay.initial()),
              String.format(Locale.ROOT, "%.3f", decay.trained())));
    }
    return new Table(
        "Gradient norm: factor of each step back",
        List.of("model", "parameters", "computed", "first weights", "trained"),
        rows);
  }

  private Table recallTable() {
    List<String> columns = new ArrayList<>(List.of("model"));
    lags().forEach(lag -> columns.add("lag " + lag));
    List<List<String>> rows = new ArrayList<>();
    for (String model : models()) {
      List<String> row = new ArrayList<>(List.of(model));
      for (Recall recall : recalls) {
        if (recall.model().equals(model)) {
          row.add(String.format(Locale.ROOT, "%.0f %%", 100 * recall.accuracy()));
        }
      }
      rows.add(row);
    }
    return new Table("Right answers after " + steps + " steps (guessing: 12 %)", columns, rows);
  }

  private Chart recallChart() {
    List<Series> curves = new ArrayList<>();
    double[] lags = lags().stream().mapToDouble(lag -> lag).toArray();
    for (String model : models()) {
      double[] accuracies =
          recalls.stream()
              .filter(recall -> recall.model().equals(model))
              .mapToDouble(Recall::accuracy)
              .toArray();
      curves.add(Series.measured(model, lags, accuracies));
    }
    return new Chart(
        "Right answers by lag",
        Axis.logarithmic("lag in steps"),
        Axis.linear("share of right answers"),
        curves);
  }

  private Table explosionTable() {
    List<List<String>> rows = new ArrayList<>();
    for (Explosion explosion : explosions) {
      rows.add(
          List.of(
              explosion.clipped() ? "clipped at 1" : "not clipped",
              String.format(Locale.ROOT, "%.3g", explosion.largestNorm()),
              String.format(Locale.ROOT, "%.3f", explosion.firstLoss()),
              String.format(Locale.ROOT, "%.3f", explosion.lastLoss()),
              Integer.toString(explosion.skipped())));
    }
    return new Table(
        String.format(
            Locale.ROOT,
            "RNN with spectral radius %.1f, lag %d, plain gradient descent",
            GradientsLab.EXPLODING_RADIUS,
            GradientsLab.EXPLODING_LAG),
        List.of("gradients", "largest norm", "first loss", "last loss", "not finite"),
        rows);
  }
}
