package dev.lungo.hub;

import dev.lungo.file.AtomicFiles;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Brings one file here: continues what an earlier download left, tries again where the connection
/// breaks, and gives the file its name only when its size and hash are right.
final class FileDownload {
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})");

  /// Less than this is no progress that earns new tries.
  private static final int PROGRESS_BYTES = 1 << 16;

  private final HubClient client;
  private final URI uri;
  private final HubFile file;
  private final Path target;
  private final FolderRecord record;
  private final ProgressMeter meter;
  private final Retries retries;
  private long furthest;
  private boolean continued;
  private long downloaded;

  FileDownload(
      HubClient client,
      URI uri,
      HubFile file,
      Path target,
      FolderRecord record,
      ProgressMeter meter,
      Patience patience) {
    this.client = client;
    this.uri = uri;
    this.file = file;
    this.target = target;
    this.record = record;
    this.meter = meter;
    retries = new Retries(patience, meter::message);
  }

  /// Makes sure that the file is here.
  ///
  /// @return how many bytes came over the network
  long run() throws IOException, InterruptedException {
    if (retries.run(this::isHere)) {
      meter.finished(file, Files.size(target), false);
      return 0;
    }
    retries.run(() -> {
      String identity = bring();
      verify(identity);
      AtomicFiles.move(PartFile.partOf(target), target);
      Files.deleteIfExists(PartFile.stateOf(target));
      record.add(file.name(), identity);
      return identity;
    });
    meter.finished(file, Files.size(target), true);
    return downloaded;
  }

  private boolean isHere() throws IOException, InterruptedException {
    if (!Files.isRegularFile(target)
        || file.bytes().isPresent() && file.bytes().getAsLong() != Files.size(target)) {
      return false;
    }
    Optional<FolderRecord.Entry> entry = record.unchanged(file.name());
    if (file.hash().isPresent()) {
      ContentHash hash = file.hash().get();
      if (entry.isPresent() && entry.get().identity().equals(hash.hex())) {
        return true;
      }
      if (hash.matches(target)) {
        record.add(file.name(), hash.hex());
        return true;
      }
      return false;
    }
    if (entry.isEmpty() || entry.get().identity().isEmpty()) {
      return false;
    }
    try (HubAnswer answer = client.get(file.name(), uri, Map.of())) {
      return answer.identity().equals(Optional.of(entry.get().identity()))
          && size(answer).equals(OptionalLong.of(entry.get().bytes()));
    }
  }

  /// Completes the part.
  ///
  /// @return what identifies the content
  private String bring() throws IOException, InterruptedException {
    try (PartFile part = PartFile.open(target)) {
      Optional<PartFile.State> state = part.state().filter(one -> fits(one, part));
      if (state.isEmpty()) {
        part.restart();
      }
      long have = part.bytes();
      continued = have > 0;
      if (state.isEmpty() || have < state.get().bytes()) {
        state = Optional.of(fetch(part, state, have));
      }
      part.force();
      return state.get().identity();
    }
  }

  /// Tells whether what an earlier download left can be part of the file that is wanted now.
  private boolean fits(PartFile.State state, PartFile part) {
    Optional<ContentHash> was = ContentHash.ofTag(state.identity());
    boolean sameSize = file.bytes().isEmpty() || file.bytes().getAsLong() == state.bytes();
    boolean sameHash = was.isEmpty() || file.hash().isEmpty() || was.equals(file.hash());
    // Without a tag to ask with, and without a hash to find out by, parts of two files may meet.
    boolean safe = !state.validator().isEmpty() || was.isPresent() || file.hash().isPresent();
    try {
      return sameSize && sameHash && safe && part.bytes() <= state.bytes();
    } catch (IOException e) {
      return false;
    }
  }

  private PartFile.State fetch(PartFile part, Optional<PartFile.State> before, long have)
      throws IOException, InterruptedException {
    Map<String, String> headers = new LinkedHashMap<>();
    if (have > 0) {
      headers.put("Range", "bytes=" + have + "-");
      before
          .map(PartFile.State::validator)
          .filter(tag -> !tag.isEmpty())
          .ifPresent(tag -> headers.put("If-Range", tag));
    }
    try (HubAnswer answer = client.get(file.name(), uri, headers)) {
      String identity = answer.identity().orElse("");
      long start = 0;
      if (answer.status() == 206) {
        checkContinues(answer, part, before, have, identity);
        start = have;
      } else {
        part.restart();
        continued = false;
      }
      long size =
          size(answer)
              .orElseThrow(() ->
                  HubException.lasting(
                      file.name() + ": neither listing nor answer say how large it is"));
      checkSpace(size - start);
      PartFile.State state = new PartFile.State(identity, answer.validator().orElse(""), size);
      part.begin(state);
      copy(answer, part, start, size);
      return state;
    } catch (HubException e) {
      if (e.isRangeRefused() && have > 0) {
        part.restart();
        throw HubException.passing(file.name() + ": changed on the server; starts over");
      }
      throw e;
    }
  }

  private void checkContinues(
      HubAnswer answer, PartFile part, Optional<PartFile.State> before, long have, String identity)
      throws IOException {
    if (have == 0 || before.isEmpty()) {
      throw HubException.lasting(
          file.name() + ": the server sends a part, though the whole was asked for");
    }
    PartFile.State state = before.get();
    String range = answer.headers().firstValue("content-range").orElse("");
    Matcher numbers = CONTENT_RANGE.matcher(range);
    boolean right =
        numbers.matches()
            && Long.parseLong(numbers.group(1)) == have
            && Long.parseLong(numbers.group(2)) == state.bytes() - 1
            && Long.parseLong(numbers.group(3)) == state.bytes();
    if (!right) {
      part.restart();
      throw HubException.passing(
          file.name()
              + ": asked for the bytes from "
              + have
              + ", got "
              + SafeName.printable(range)
              + "; starts over");
    }
    if (!identity.equals(state.identity())) {
      part.restart();
      throw HubException.passing(file.name() + ": changed on the server; starts over");
    }
  }

  /// Returns the size of the whole, on which listing and answer must agree.
  private OptionalLong size(HubAnswer answer) throws HubException {
    OptionalLong size = file.bytes();
    size = agreed(size, answer.linkedSize());
    return answer.status() == 200 ? agreed(size, answer.contentLength()) : total(size, answer);
  }

  private OptionalLong total(OptionalLong size, HubAnswer answer) throws HubException {
    Matcher range = CONTENT_RANGE.matcher(answer.headers().firstValue("content-range").orElse(""));
    return range.matches() ? agreed(size, OptionalLong.of(Long.parseLong(range.group(3)))) : size;
  }

  private OptionalLong agreed(OptionalLong one, OptionalLong other) throws HubException {
    if (one.isPresent() && other.isPresent() && one.getAsLong() != other.getAsLong()) {
      throw HubException.lasting(
          file.name()
              + ": has "
              + one.getAsLong()
              + " bytes by the hub's word, but the answer announces "
              + other.getAsLong());
    }
    return one.isPresent() ? one : other;
  }

  private void checkSpace(long needed) throws IOException {
    long usable = PartFile.usable(PartFile.partOf(target));
    if (needed > usable) {
      throw HubException.lasting(
          file.name()
              + ": needs "
              + HubFile.size(needed)
              + " more, but "
              + HubFile.size(usable)
              + " are free in "
              + target.getParent());
    }
  }

  private void copy(HubAnswer answer, PartFile part, long start, long size)
      throws IOException, InterruptedException {
    long at = start;
    furthest = Math.max(furthest, start);
    meter.at(file.name(), at, 0);
    for (List<ByteBuffer> bytes = answer.body().next();
        !bytes.isEmpty();
        bytes = answer.body().next()) {
      for (ByteBuffer buffer : bytes) {
        int count = buffer.remaining();
        if (count > size - at) {
          throw HubException.lasting(file.name() + ": more than " + size + " bytes come");
        }
        part.write(buffer, at);
        at += count;
        downloaded += count;
        meter.at(file.name(), at, count);
      }
      if (at - furthest >= PROGRESS_BYTES) {
        furthest = at;
        retries.progressed();
      }
    }
    if (at < size) {
      throw HubException.passing(
          file.name() + ": the answer ended after " + at + " of " + size + " bytes");
    }
  }

  /// Holds what came against every hash that is known of it.
  private void verify(String identity) throws IOException {
    Path part = PartFile.partOf(target);
    for (Optional<ContentHash> known : List.of(file.hash(), ContentHash.ofTag(identity))) {
      if (known.isPresent() && !known.get().matches(part)) {
        Files.deleteIfExists(PartFile.stateOf(target));
        Files.deleteIfExists(part);
        String message =
            file.name()
                + ": what came is not what the hub describes: its "
                + known.get().kind()
                + " should be "
                + known.get().hex();
        // What was put together from two downloads may be wrong for that reason alone.
        throw continued ? HubException.passing(message) : HubException.lasting(message);
      }
    }
  }
}
