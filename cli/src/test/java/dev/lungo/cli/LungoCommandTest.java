package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class LungoCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /// Fails in the way that its argument names.
  @Command(name = "fail")
  static final class FailingCommand implements Callable<Integer> {
    @Mixin private final Console console = new Console();

    @Parameters(index = "0")
    private String how = "";

    @Override
    public Integer call() throws Exception {
      switch (how) {
        case "caller" ->
            throw new IllegalArgumentException("vocabulary 12 is below 256;\n give more");
        case "file" -> throw new NoSuchFileException("corpus.txt");
        case "bug" -> throw new NullPointerException();
        default -> console.log("nothing failed");
      }
      return 0;
    }
  }

  private int execute(String... arguments) {
    CommandLine line = LungoCommand.commandLine(arguments);
    line.addSubcommand(new FailingCommand());
    line.setParameterExceptionHandler(Failures::usage);
    line.setExecutionExceptionHandler(Failures::execution);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(arguments);
  }

  @Test
  void everyCommandAnswersJsonAndHelp() {
    List<String> without = new ArrayList<>();
    collectLeavesWithout("--json", LungoCommand.commandLine(), without);
    collectLeavesWithout("--help", LungoCommand.commandLine(), without);
    assertThat(without).isEmpty();
  }

  private static void collectLeavesWithout(String option, CommandLine line, List<String> without) {
    line.getSubcommands().values().forEach(sub -> collectLeavesWithout(option, sub, without));
    boolean isLeaf = line.getSubcommands().isEmpty();
    if (isLeaf && line.getCommandSpec().findOption(option) == null) {
      without.add(line.getCommandSpec().qualifiedName() + " " + option);
    }
  }

  @Test
  void everyCommandSaysWhatItDoes() {
    for (CommandLine line : LungoCommand.commandLine().getSubcommands().values()) {
      assertThat(line.getCommandSpec().usageMessage().description())
          .as(line.getCommandName())
          .isNotEmpty();
    }
  }

  @Test
  void namesInTheTableAreTheCommandsOwn() {
    for (Commands.Entry entry : Commands.ALL) {
      assertThat(new CommandLine(entry.make().get()).getCommandName()).isEqualTo(entry.name());
    }
  }

  @Test
  void jsonIsOneObjectOnTheLastLine() {
    assertThat(execute("version", "--json")).isZero();
    JsonNode last = JsonMapper.builder().build().readTree(out.toString());
    assertThat(out.toString().strip().lines()).hasSize(1);
    assertThat(last.propertyNames()).containsExactly("lungo", "jdk", "vendor", "platform");
  }

  @Test
  void unknownCommandIsUsageErrorInOneLine() {
    assertThat(execute("versoin")).isEqualTo(2);
    assertThat(err.toString().lines())
        .singleElement()
        .asString()
        .startsWith("lungo: unknown command versoin")
        .contains("did you mean version");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void unknownOptionIsUsageErrorInOneLine() {
    assertThat(execute("version", "--verbos")).isEqualTo(2);
    assertThat(err.toString().lines()).hasSize(1);
  }

  @Test
  void optionOfAnotherTaskIsRefused() {
    assertThat(execute("train", "--task", "translation", "--truncate", "8")).isEqualTo(2);
    assertThat(err.toString()).contains("--truncate").contains("Transformers");
  }

  @Test
  void callersMistakeIsUsageErrorInOneLine() {
    assertThat(execute("fail", "caller")).isEqualTo(2);
    assertThat(err.toString())
        .isEqualToIgnoringNewLines("lungo: vocabulary 12 is below 256; give more");
  }

  @Test
  void missingFileIsNamedAndFails() {
    assertThat(execute("fail", "file")).isEqualTo(1);
    assertThat(err.toString())
        .isEqualToIgnoringNewLines("lungo: corpus.txt: no such file or directory");
  }

  @Test
  void surpriseSaysHowToSeeMore() {
    assertThat(execute("fail", "bug")).isEqualTo(1);
    assertThat(err.toString().lines()).singleElement().asString().contains("--stacktrace");
  }

  @Test
  void stackTraceIsShownWhenAskedFor() {
    int status = execute("fail", "bug", "--stacktrace");
    assertThat(status).isEqualTo(1);
    assertThat(err.toString()).contains("at dev.lungo.cli.LungoCommandTest");
  }
}
