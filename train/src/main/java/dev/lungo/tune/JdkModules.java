package dev.lungo.tune;

import dev.lungo.corpus.Corpus;
import dev.lungo.corpus.Document;
import dev.lungo.corpus.DocumentStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The demonstration that needs no data: which module of the JDK a source file comes from, told
/// from what stands below its licence, package and imports, which would give it away.
final class JdkModules {
  /// Modules with fewer files are left out, and of larger ones so many are taken.
  private static final int FILES = 200;

  /// Shorter files say nothing.
  private static final int FEWEST_CHARACTERS = 300;

  /// More than any model's tokens of a text that fit its context.
  private static final int MOST_CHARACTERS = 8000;

  private JdkModules() {}

  /// Reads the source code of the running JDK.
  static List<LabeledTexts.Item> read() throws IOException {
    Map<String, List<LabeledTexts.Item>> modules = new TreeMap<>();
    try (DocumentStream documents = Corpus.ofJdkSources().documents().sampled(1)) {
      for (Optional<Document> next = documents.next(); next.isPresent(); next = documents.next()) {
        String name = next.get().name();
        String body = body(next.get().text());
        int slash = name.indexOf('/');
        if (slash > 0 && body.length() >= FEWEST_CHARACTERS) {
          String module = name.substring(0, slash);
          modules
              .computeIfAbsent(module, one -> new ArrayList<>())
              .add(new LabeledTexts.Item(name, body, module));
        }
      }
    }
    List<LabeledTexts.Item> chosen = new ArrayList<>();
    for (List<LabeledTexts.Item> files : modules.values()) {
      if (files.size() >= FILES) {
        // Spread evenly over the module's packages, which follow each other.
        for (int i = 0; i < FILES; i++) {
          chosen.add(files.get((int) ((long) i * files.size() / FILES)));
        }
      }
    }
    return chosen;
  }

  /// Returns what follows the last import, or else the package.
  static String body(String source) {
    int from = 0;
    int line = 0;
    while (line < source.length()) {
      int end = source.indexOf('\n', line);
      end = end < 0 ? source.length() : end;
      if (source.startsWith("import ", line) || source.startsWith("package ", line)) {
        from = Math.min(source.length(), end + 1);
      }
      line = end + 1;
    }
    String body = source.substring(from).strip();
    return body.substring(0, Math.min(body.length(), MOST_CHARACTERS));
  }
}
