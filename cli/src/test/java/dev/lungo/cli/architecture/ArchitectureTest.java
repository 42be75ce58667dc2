package dev.lungo.cli.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  /// Rows of the table that have no classes yet. A package that gets its first class leaves this
  /// list, so that no rule is kept by nobody being there to break it.
  private static final Set<String> PLANNED = Set.of("scaling", "eval", "serve", "inspect", "spark");

  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.lungo");

  private static final JavaClasses WRONG_HOUSE =
      new ClassFileImporter().importPackages("dev.lungo.cli.architecture.wrong");

  private final Architecture architecture = new Architecture("dev.lungo");
  private final Architecture wrong = new Architecture("dev.lungo.cli.architecture.wrong");

  @Test
  void arrowsPointOneWay() {
    assertThat(architecture.wrongWay(HOUSE)).isEmpty();
  }

  @Test
  void everyPackageHasRowInTheTable() {
    assertThat(architecture.homeless(HOUSE)).isEmpty();
  }

  @Test
  void everyRowHasClassesOrIsPlanned() {
    Set<String> empty = new TreeSet<>(architecture.packages());
    empty.removeAll(architecture.inhabited(HOUSE));
    assertThat(empty).containsExactlyInAnyOrderElementsOf(PLANNED);
  }

  @Test
  void onlyVectorKernelsUseTheVectorModule() {
    assertThat(architecture.vectorsOutsideTheirPackage(HOUSE)).isEmpty();
  }

  @Test
  void vectorsPassOnlyThroughMethodsThatAreInlined() {
    assertThat(architecture.vectorsThroughCalls(HOUSE)).isEmpty();
  }

  @Test
  void packageNamesSaySomething() {
    assertThat(architecture.meaninglessNames(HOUSE)).isEmpty();
  }

  @Test
  void vectorKernelsDoUseTheVectorModule() {
    assertThat(new Architecture("dev.lungo.kernel").vectorsOutsideTheirPackage(HOUSE)).isNotEmpty();
  }

  @Test
  void operationReachingForVectorKernelIsCaught() {
    assertThat(wrong.wrongWay(WRONG_HOUSE))
        .anyMatch(violation -> violation.startsWith("op may not know kernel.vector: "));
  }

  @Test
  void modelThatKnowsTrainingIsCaught() {
    assertThat(wrong.wrongWay(WRONG_HOUSE))
        .anyMatch(violation -> violation.startsWith("model may not know train: "));
  }

  @Test
  void onlyTheWrongArrowsAreCaught() {
    assertThat(wrong.wrongWay(WRONG_HOUSE))
        .noneMatch(violation -> violation.startsWith("train may not know"));
  }

  @Test
  void vectorModuleInOperationIsCaught() {
    assertThat(wrong.vectorsOutsideTheirPackage(WRONG_HOUSE))
        .singleElement()
        .asString()
        .contains("op.ReachingOperation");
  }

  @Test
  void vectorThroughCallIsCaught() {
    assertThat(wrong.vectorsThroughCalls(WRONG_HOUSE))
        .singleElement()
        .asString()
        .contains("FastKernel.doubled");
  }

  @Test
  void packageWithoutRowOrMeaningIsCaught() {
    assertThat(wrong.homeless(WRONG_HOUSE)).singleElement().asString().contains("wrong.util");
    assertThat(wrong.meaninglessNames(WRONG_HOUSE)).singleElement().asString().contains("util");
  }
}
