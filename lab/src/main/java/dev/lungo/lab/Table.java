package dev.lungo.lab;

import dev.lungo.train.HtmlPage;
import java.util.ArrayList;
import java.util.List;

/// Rows of text below named columns; the first column names the row.
public record Table(String title, List<String> columns, List<List<String>> rows) {
  public Table {
    for (List<String> row : rows) {
      if (row.size() != columns.size()) {
        throw new IllegalArgumentException(
            "table \"" + title + "\": row " + row + " does not fit the columns " + columns);
      }
    }
    columns = List.copyOf(columns);
    rows = rows.stream().map(List::copyOf).toList();
  }

  /// Returns the table in columns of even width, numbers to the right.
  String text() {
    int[] widths = new int[columns.size()];
    List<List<String>> lines = new ArrayList<>();
    lines.add(columns);
    lines.addAll(rows);
    for (List<String> line : lines) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], line.get(i).codePointCount(0, line.get(i).length()));
      }
    }
    StringBuilder text = new StringBuilder(title).append('\n');
    for (List<String> line : lines) {
      StringBuilder one = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String cell = line.get(i);
        String space = " ".repeat(widths[i] - cell.codePointCount(0, cell.length()));
        one.append("  ").append(i == 0 ? cell + space : space + cell);
      }
      text.append(one.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /// Returns the table for a page.
  String html() {
    StringBuilder html = new StringBuilder("<h2>").append(HtmlPage.escaped(title));
    html.append("</h2>\n<table>\n<tr>");
    for (String column : columns) {
      html.append("<th scope=\"col\">").append(HtmlPage.escaped(column)).append("</th>");
    }
    html.append("</tr>\n");
    for (List<String> row : rows) {
      html.append("<tr>");
      for (int i = 0; i < row.size(); i++) {
        String cell = HtmlPage.escaped(row.get(i));
        html.append(i == 0 ? "<th scope=\"row\">" + cell + "</th>" : "<td>" + cell + "</td>");
      }
      html.append("</tr>\n");
    }
    return html.append("</table>\n").toString();
  }
}
