package dev.lungo.tune;

import dev.lungo.file.AtomicFiles;
import dev.lungo.train.Curve;
import dev.lungo.train.CurveSvg;
import dev.lungo.train.HtmlPage;
import dev.lungo.train.MetricsLog;
import dev.lungo.train.Provenance;
import dev.lungo.train.RunReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// The page that a classifier's training leaves behind: scores beside the baseline, what is taken
/// for what, and whether confidence can be trusted.
record ClassificationReport(
    ClassificationRun.Outcome outcome,
    ClassificationSettings settings,
    List<MetricsLog.Event> events) {
  private static final int SIDE = 320;
  private static final int MARGIN = 40;

  void write(Path folder) throws IOException {
    AtomicFiles.writeString(folder.resolve(RunReport.FILE), html(folder));
  }

  String html(Path folder) {
    ClassificationScores scores = outcome.scores();
    String name = String.valueOf(folder.getFileName());
    StringBuilder page = new StringBuilder(32 << 10);
    page.append(HtmlPage.head(name));
    page.append(
        "<style>.narrow th,.narrow td{width:auto;text-align:right;padding:.15rem .4rem}"
            + ".narrow th:first-child{text-align:left}.even{stroke:var(--soft);stroke-dasharray:6 4}</style>\n");
    page.append("<h1>").append(HtmlPage.escaped(name)).append("</h1>\n");
    sideBySide(page);
    page.append("<h2>Labels</h2>\n<table class=\"narrow\">\n");
    row(page, "th", List.of("label", "texts", "precision", "recall", "F1"));
    for (ClassificationScores.OfLabel label : scores.labels()) {
      row(
          page,
          "td",
          List.of(
              label.label(),
              Integer.toString(label.texts()),
              number(label.precision()),
              number(label.recall()),
              number(label.f1())));
    }
    page.append("</table>\n");
    confusion(page, scores);
    reliability(page, scores);
    Curve loss = Curve.loss(events);
    if (loss.size() > 0) {
      page.append("<h2>Training loss</h2>\n").append(CurveSvg.draw(loss));
    }
    page.append("<h2>What to try next</h2>\n<pre>");
    page.append(HtmlPage.escaped(String.join("\n", ClassificationRun.nextCommands(outcome.run()))));
    page.append("</pre>\n<h2>Settings</h2>\n<table>\n");
    Provenance.asMap(settings).forEach((key, value) -> row(page, "td", List.of(key, "" + value)));
    return page.append("</table>\n</html>\n").toString();
  }

  private void sideBySide(StringBuilder page) {
    ClassificationScores scores = outcome.scores();
    ClassificationScores baseline = outcome.baseline();
    page.append("<table class=\"narrow\">\n");
    row(
        page,
        "th",
        List.of(
            outcome.heldOutTexts() + " texts held out",
            "this classifier",
            "counting bytes",
            "most frequent label"));
    row(
        page,
        "td",
        List.of(
            "accuracy",
            number(scores.accuracy()),
            number(baseline.accuracy()),
            number(outcome.majorityAccuracy())));
    row(page, "td", List.of("macro F1", number(scores.macroF1()), number(baseline.macroF1()), ""));
    row(page, "td", List.of("loss, nats", number(scores.loss()), number(baseline.loss()), ""));
    row(
        page,
        "td",
        List.of(
            "expected calibration error",
            number(scores.expectedCalibrationError()),
            number(baseline.expectedCalibrationError()),
            ""));
    page.append("</table>\n");
  }

  private static void confusion(StringBuilder page, ClassificationScores scores) {
    page.append(
        "<h2>Confusion</h2>\n<p>A row for each right label, a column for each answer.</p>\n");
    page.append("<table class=\"narrow\">\n<tr><th></th>");
    for (int k = 0; k < scores.labels().size(); k++) {
      page.append("<th title=\"")
          .append(HtmlPage.escaped(scores.labels().get(k).label()))
          .append("\">")
          .append(k + 1)
          .append("</th>");
    }
    page.append("</tr>\n");
    for (int k = 0; k < scores.labels().size(); k++) {
      ClassificationScores.OfLabel label = scores.labels().get(k);
      page.append("<tr><th scope=\"row\">")
          .append(k + 1)
          .append(' ')
          .append(HtmlPage.escaped(label.label()))
          .append("</th>");
      for (int count : scores.confusion().get(k)) {
        page.append(
            String.format(
                Locale.ROOT,
                "<td style=\"background:hsl(20 80%% 50%% / %.2f)\">%s</td>",
                label.texts() == 0 ? 0.0 : 0.8 * count / label.texts(),
                count == 0 ? "" : Integer.toString(count)));
      }
      page.append("</tr>\n");
    }
    page.append("</table>\n");
  }

  /// Draws accuracy over confidence, which lie on the diagonal where confidence can be trusted.
  private static void reliability(StringBuilder page, ClassificationScores scores) {
    page.append("<h2>Reliability</h2>\n");
    page.append(
        String.format(
            Locale.ROOT,
            "<svg viewBox=\"0 0 %d %d\" style=\"max-width:26rem\" role=\"img\" aria-label=\"reliability\">\n",
            SIDE + 2 * MARGIN,
            SIDE + 2 * MARGIN));
    for (ClassificationScores.Bin bin : scores.reliability()) {
      double height = bin.accuracy() * SIDE;
      page.append(
          String.format(
              Locale.ROOT,
              "<rect class=\"dot\" opacity=\".5\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
                  + "<title>%d texts, confidence %.3f, accuracy %.3f</title></rect>%n",
              MARGIN + bin.from() * SIDE + 1,
              MARGIN + SIDE - height,
              (bin.to() - bin.from()) * SIDE - 2,
              height,
              bin.texts(),
              bin.confidence(),
              bin.accuracy()));
    }
    page.append(
        String.format(
            Locale.ROOT,
            "<path class=\"even\" d=\"M%d %dL%d %d\"/><path class=\"grid\" d=\"M%d %dH%d\"/>"
                + "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">confidence 1</text>"
                + "<text x=\"%d\" y=\"%d\">accuracy 1</text>%n</svg>%n",
            MARGIN,
            MARGIN + SIDE,
            MARGIN + SIDE,
            MARGIN,
            MARGIN,
            MARGIN + SIDE,
            MARGIN + SIDE,
            MARGIN + SIDE,
            MARGIN + SIDE + 20,
            4,
            MARGIN - 8));
    page.append("<table class=\"narrow\">\n");
    row(page, "th", List.of("confidence", "texts", "mean confidence", "accuracy"));
    for (ClassificationScores.Bin bin : scores.reliability()) {
      if (bin.texts() > 0) {
        row(
            page,
            "td",
            List.of(
                String.format(Locale.ROOT, "%.1f to %.1f", bin.from(), bin.to()),
                Integer.toString(bin.texts()),
                number(bin.confidence()),
                number(bin.accuracy())));
      }
    }
    page.append("</table>\n");
  }

  private static void row(StringBuilder page, String kind, List<String> cells) {
    page.append("<tr>");
    for (int i = 0; i < cells.size(); i++) {
      String tag = i == 0 ? "th" : kind;
      page.append('<').append(tag).append('>').append(HtmlPage.escaped(cells.get(i)));
      page.append("</").append(tag).append('>');
    }
    page.append("</tr>\n");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
