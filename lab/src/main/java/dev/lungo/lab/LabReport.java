package dev.lungo.lab;

import dev.lungo.file.AtomicFiles;
import dev.lungo.train.HtmlPage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What an experiment found: claims with expected beside measured, tables, charts.
///
/// @param title of the experiment
/// @param question that it answers, and how, in a few sentences
/// @param findings first, since they are what a reader came for
public record LabReport(
    String title, String question, List<Finding> findings, List<Table> tables, List<Chart> charts) {
  public LabReport {
    findings = List.copyOf(findings);
    tables = List.copyOf(tables);
    charts = List.copyOf(charts);
  }

  /// Returns the report for a terminal; charts are only on the page.
  public String text() {
    StringBuilder text = new StringBuilder();
    for (Table table : tables) {
      text.append(table.text()).append('\n');
    }
    if (!findings.isEmpty()) {
      text.append(findingsTable().text());
    }
    return text.toString();
  }

  /// Writes the page.
  public void write(Path file) throws IOException {
    AtomicFiles.writeString(file, html());
  }

  /// Returns the page.
  public String html() {
    StringBuilder page = new StringBuilder(64 << 10).append(HtmlPage.head(title));
    page.append("<h1>").append(HtmlPage.escaped(title)).append("</h1>\n<p>");
    page.append(HtmlPage.escaped(question)).append("</p>\n");
    if (!findings.isEmpty()) {
      page.append(findingsTable().html());
    }
    for (Chart chart : charts) {
      page.append("<h2>").append(HtmlPage.escaped(chart.title())).append("</h2>\n");
      page.append(chart.svg());
    }
    for (Table table : tables) {
      page.append(table.html());
    }
    return page.append("</html>\n").toString();
  }

  private Table findingsTable() {
    List<List<String>> rows = new ArrayList<>();
    for (Finding finding : findings) {
      rows.add(
          List.of(
              finding.what(),
              finding.expected(),
              finding.measured(),
              finding.agrees() ? "yes" : "NO"));
    }
    return new Table(
        "Expected and measured", List.of("claim", "expected", "measured", "agrees"), rows);
  }
}
