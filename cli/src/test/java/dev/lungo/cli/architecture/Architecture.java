package dev.lungo.cli.architecture;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/// The direction table: which package may know which. A class of a package that has no row is a
/// violation, as is a dependency that its row does not list.
///
/// The root package is a parameter so that the rules can be tried on a house that breaks them.
final class Architecture {
  private static final String[] TENSORS = {"kernel", "quant", "tensor", "op"};
  private static final String[] TEXTS = {"tokenizer", "corpus", "chat"};
  private static final String[] MODELS = {"nn", "model", "weights"};
  private static final String[] TRAINING = {"optim", "train", "tune", "scaling"};

  private static final Set<String> MEANINGLESS =
      Set.of("util", "utils", "common", "misc", "helper");

  private final String root;
  private final Map<String, Set<String>> known = new LinkedHashMap<>();

  Architecture(String root) {
    this.root = root;
    row("file");
    row("hub", "file");
    // tensor: kernels are functions over memory; the fast ones are loaded by name, so that
    // nothing knows them.
    row("quant", "file", "kernel");
    row("kernel", "file", "quant");
    row("kernel.vector", "kernel", "quant");
    row("kernel.machine", "kernel", "quant");
    row("tensor", "file", "kernel", "quant");
    row("op", "kernel", "quant", "tensor");
    // text knows no tensors.
    row("tokenizer", "file");
    row("corpus", "file", "tokenizer");
    row("chat", "file", "tokenizer");
    row("nn", with(TENSORS, "file"));
    row("model", with(TENSORS, "file", "nn", "weights"));
    row("weights", with(TENSORS, "file", "nn", "model"));
    row("generate", with(concat(TENSORS, TEXTS, MODELS), "file"));
    row("export", with(concat(TENSORS, TEXTS, MODELS), "file"));
    String[] belowTraining = with(concat(TENSORS, TEXTS, MODELS), "file", "generate");
    row("optim", with(TENSORS, "file", "nn", "model"));
    row("train", with(belowTraining, "optim"));
    row("tune", with(belowTraining, "optim", "train"));
    row("scaling", with(belowTraining, "optim", "train"));
    row("eval", belowTraining);
    row("lab", with(concat(belowTraining, TRAINING), "eval"));
    row("serve", with(belowTraining, "eval", "inspect"));
    row("inspect", with(belowTraining, "eval"));
    row("spark", with(concat(belowTraining, TRAINING)));
    // The command line knows everything that it offers, and computes nothing itself.
    row(
        "cli",
        known.keySet().stream().filter(name -> !name.startsWith("kernel")).toArray(String[]::new));
  }

  private void row(String name, String... mayKnow) {
    known.put(name, Set.of(mayKnow));
  }

  private static String[] with(String[] some, String... more) {
    return concat(some, more);
  }

  private static String[] concat(String[]... groups) {
    return Arrays.stream(groups).flatMap(Arrays::stream).toArray(String[]::new);
  }

  /// Returns the names of all rows.
  Set<String> packages() {
    return known.keySet();
  }

  /// Returns the rows that the row `name` may know.
  Set<String> mayBeKnownBy(String name) {
    return known.getOrDefault(name, Set.of());
  }

  /// Returns the rows that have classes.
  Set<String> inhabited(JavaClasses classes) {
    Set<String> names = new TreeSet<>();
    classes.stream().filter(this::isOurs).forEach(one -> names.add(nameOf(one)));
    names.retainAll(known.keySet());
    return names;
  }

  /// Lists the packages that have classes and no row.
  List<String> homeless(JavaClasses classes) {
    return collect(
        classes,
        one -> !known.containsKey(nameOf(one)),
        one -> one.getPackageName() + " has no row");
  }

  /// Lists the dependencies that point the wrong way.
  List<String> wrongWay(JavaClasses classes) {
    Set<String> violations = new TreeSet<>();
    for (JavaClass origin : classes) {
      if (!isOurs(origin)) {
        continue;
      }
      String from = nameOf(origin);
      for (Dependency dependency : origin.getDirectDependenciesFromSelf()) {
        JavaClass target = dependency.getTargetClass();
        String to = nameOf(target);
        if (isOurs(target) && !to.equals(from) && !mayBeKnownBy(from).contains(to)) {
          violations.add(from + " may not know " + to + ": " + dependency.getDescription());
        }
      }
    }
    return List.copyOf(violations);
  }

  /// Lists the classes outside `kernel.vector` that use the incubating vector module.
  List<String> vectorsOutsideTheirPackage(JavaClasses classes) {
    return collect(
        classes,
        one ->
            !nameOf(one).equals("kernel.vector")
                && one.getDirectDependenciesFromSelf().stream()
                    .anyMatch(dependency ->
                        dependency
                            .getTargetClass()
                            .getPackageName()
                            .startsWith("jdk.incubator.vector")),
        one -> one.getName() + " uses jdk.incubator.vector; only kernel.vector may");
  }

  /// Lists the methods that pass vectors and are not always inlined: the flags name the classes
  /// that end in `Lanes`. Whether the compiler inlines others depends on what ran before, and where
  /// it does not, every vector around the call becomes an object.
  List<String> vectorsThroughCalls(JavaClasses classes) {
    return classes.stream()
        .filter(one -> isOurs(one) && !one.getSimpleName().endsWith("Lanes"))
        .flatMap(one -> one.getMethods().stream())
        .filter(method ->
            isVector(method.getRawReturnType())
                || method.getRawParameterTypes().stream().anyMatch(Architecture::isVector))
        .map(method -> method.getFullName() + " passes vectors outside of a class …Lanes")
        .sorted()
        .toList();
  }

  private static boolean isVector(JavaClass type) {
    String name = type.getName();
    return name.startsWith("jdk.incubator.vector.")
        && (name.endsWith("Vector") || name.endsWith("Mask") || name.endsWith("Shuffle"));
  }

  /// Lists the packages whose names say nothing.
  List<String> meaninglessNames(JavaClasses classes) {
    return collect(
        classes,
        one -> Arrays.stream(one.getPackageName().split("\\.")).anyMatch(MEANINGLESS::contains),
        one -> one.getPackageName() + " is a name that says nothing");
  }

  private List<String> collect(
      JavaClasses classes,
      Predicate<JavaClass> isWrong,
      java.util.function.Function<JavaClass, String> description) {
    return classes.stream()
        .filter(this::isOurs)
        .filter(isWrong)
        .map(description)
        .distinct()
        .sorted()
        .toList();
  }

  private boolean isOurs(JavaClass one) {
    return one.getPackageName().startsWith(root + ".");
  }

  private String nameOf(JavaClass one) {
    return isOurs(one) ? one.getPackageName().substring(root.length() + 1) : "";
  }
}
