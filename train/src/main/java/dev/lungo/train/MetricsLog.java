package dev.lungo.train;

import dev.lungo.file.MalformedFileException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What happened in a run, one JSON object a line, in the order of the steps: `metrics.jsonl`.
///
/// Every line is written in one piece, so that a crash can at worst tear the last one, and a torn
/// last line is dropped when the run goes on. Numbers that are not finite are written as `null`,
/// which JSON has and NaN it has not.
public final class MetricsLog implements AutoCloseable {
  /// The file's name in a run's folder.
  public static final String FILE = "metrics.jsonl";

  private static final JsonMapper JSON = new JsonMapper();
  private static final int LONGEST_LINE = 1 << 16;

  /// Something that happened after a step.
  public sealed interface Event {
    long step();
  }

  /// A step of training.
  ///
  /// @param loss mean nats per token of the batch
  /// @param learningRate as the main optimizer used it
  public record Step(
      long step,
      double loss,
      double gradientNorm,
      double learningRate,
      double tokensPerSecond,
      double elapsedSeconds)
      implements Event {}

  /// A measurement on held-out text.
  public record Held(long step, double valLoss, double valBitsPerByte, double elapsedSeconds)
      implements Event {}

  /// A step whose loss or gradient was no finite number, so that it changed nothing.
  public record Skipped(long step) implements Event {}

  private final FileChannel channel;
  private final StringBuilder line = new StringBuilder(256);

  private MetricsLog(FileChannel channel) {
    this.channel = channel;
  }

  /// Starts an empty log.
  public static MetricsLog create(Path file) throws IOException {
    return new MetricsLog(
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE));
  }

  /// Goes on with a log: drops what came after `step`, which will happen again, and a torn last
  /// line.
  ///
  /// @param step the last step that the resumed run remembers
  public static MetricsLog resume(Path file, long step) throws IOException {
    long[] end = {0};
    if (Files.exists(file)) {
      scan(
          file,
          (event, lineEnd) -> {
            if (event.step() <= step) {
              end[0] = lineEnd;
            }
            return event.step() <= step;
          });
    }
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    channel.truncate(end[0]);
    channel.position(end[0]);
    return new MetricsLog(channel);
  }

  /// Reads all events; a torn last line is left out.
  public static List<Event> read(Path file) throws IOException {
    List<Event> events = new ArrayList<>();
    scan(file, (event, lineEnd) -> events.add(event));
    return events;
  }

  /// Appends an event.
  public void add(Event event) throws IOException {
    line.setLength(0);
    switch (event) {
      case Step step -> {
        start("step", step.step);
        number("loss", step.loss);
        number("gradientNorm", step.gradientNorm);
        number("learningRate", step.learningRate);
        number("tokensPerSecond", step.tokensPerSecond);
        number("elapsedSeconds", step.elapsedSeconds);
      }
      case Held held -> {
        start("held", held.step);
        number("valLoss", held.valLoss);
        number("valBitsPerByte", held.valBitsPerByte);
        number("elapsedSeconds", held.elapsedSeconds);
      }
      case Skipped skipped -> start("skipped", skipped.step);
    }
    line.append("}\n");
    ByteBuffer bytes = ByteBuffer.wrap(line.toString().getBytes(StandardCharsets.US_ASCII));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private void start(String event, long step) {
    line.append("{\"event\":\"").append(event).append("\",\"step\":").append(step);
  }

  private void number(String name, double value) {
    line.append(",\"").append(name).append("\":");
    if (Double.isFinite(value)) {
      line.append((float) value);
    } else {
      line.append("null");
    }
  }

  /// Makes what was added survive a power cut.
  public void force() throws IOException {
    channel.force(false);
  }

  @Override
  public void close() throws IOException {
    channel.force(true);
    channel.close();
  }

  /// Sees an event and the byte at which its line ends, and says whether to go on.
  @FunctionalInterface
  private interface Visitor {
    boolean visit(Event event, long lineEnd);
  }

  private static void scan(Path file, Visitor visitor) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
      long start = 0;
      for (int next = in.read(); next >= 0; next = in.read()) {
        if (next != '\n') {
          bytes.write(next);
          if (bytes.size() > LONGEST_LINE) {
            throw new MalformedFileException(
                file.toString(), start, "line", "is longer than " + LONGEST_LINE + " bytes");
          }
          continue;
        }
        long end = start + bytes.size() + 1;
        if (!visitor.visit(parse(file, start, bytes.toByteArray()), end)) {
          return;
        }
        start = end;
        bytes.reset();
      }
    }
  }

  private static Event parse(Path file, long at, byte[] bytes) throws IOException {
    try {
      JsonNode json = JSON.readTree(bytes);
      long step = json.required("step").longValue();
      return switch (json.required("event").stringValue()) {
        case "step" ->
            new Step(
                step,
                number(json, "loss"),
                number(json, "gradientNorm"),
                number(json, "learningRate"),
                number(json, "tokensPerSecond"),
                number(json, "elapsedSeconds"));
        case "held" ->
            new Held(
                step,
                number(json, "valLoss"),
                number(json, "valBitsPerByte"),
                number(json, "elapsedSeconds"));
        case "skipped" -> new Skipped(step);
        default ->
            throw new MalformedFileException(
                file.toString(), at, "event", "is none of step, held, skipped");
      };
    } catch (JacksonException e) {
      throw new MalformedFileException(file.toString(), at, "line", e.getOriginalMessage());
    }
  }

  private static double number(JsonNode json, String name) {
    JsonNode value = json.required(name);
    return value.isNull() ? Double.NaN : value.doubleValue();
  }
}
