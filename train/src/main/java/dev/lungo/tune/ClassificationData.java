package dev.lungo.tune;

import dev.lungo.corpus.Split;
import dev.lungo.tokenizer.SpecialMode;
import dev.lungo.tokenizer.TokenBuffer;
import dev.lungo.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/// Labelled texts, encoded and split.
///
/// @param labels in the order of their names; an example's label is an index into them
/// @param truncated how many texts were cut
public record ClassificationData(
    List<String> labels, List<Example> training, List<Example> heldOut, int truncated) {
  private static final int MOST_LABELS = 1000;

  /// A text to learn or to answer.
  ///
  /// @param ids what the model reads
  public record Example(String place, int[] ids, int label) {}

  /// How texts become ids.
  ///
  /// @param context the most ids of a text
  /// @param truncate whether longer ones are cut, instead of refused
  record Encoding(Tokenizer tokenizer, OptionalInt last, int context, boolean truncate) {
    /// Returns the ids of a text, all of them, with those by which the tokenizer frames texts.
    /// Names of special tokens in the text stay text.
    int[] all(String text) {
      int[] frame = tokenizer.encode("", SpecialMode.FRAME);
      int before =
          frame.length > 0 && tokenizer.beginOfText().equals(OptionalInt.of(frame[0])) ? 1 : 0;
      TokenBuffer ids = new TokenBuffer(text.length() / 3 + 16);
      for (int i = 0; i < before; i++) {
        ids.add(frame[i]);
      }
      tokenizer.encode(text, SpecialMode.TEXT, ids);
      for (int i = before; i < frame.length; i++) {
        ids.add(frame[i]);
      }
      last.ifPresent(ids::add);
      return ids.toArray();
    }

    /// Returns what fits.
    int[] cut(int[] ids) {
      if (ids.length <= context) {
        return ids;
      }
      int[] fitting = Arrays.copyOf(ids, context);
      last.ifPresent(id -> fitting[context - 1] = id);
      return fitting;
    }
  }

  /// Splits one set of texts by a hash of each text, so that equal texts are on the same side.
  ///
  /// @param key what is hashed of a text
  static ClassificationData split(
      List<LabeledTexts.Item> items,
      double share,
      Function<LabeledTexts.Item, String> key,
      Encoding encoding) {
    Split.ByPath split = new Split.ByPath(share);
    List<LabeledTexts.Item> training = new ArrayList<>();
    List<LabeledTexts.Item> heldOut = new ArrayList<>();
    for (LabeledTexts.Item item : items) {
      (split.contains(Split.Part.HELD_OUT, key.apply(item)) ? heldOut : training).add(item);
    }
    return of(training, heldOut, encoding);
  }

  /// Encodes texts that are split already.
  ///
  /// @throws IllegalArgumentException if there is nothing to learn or to measure, or a text is too
  ///   long and may not be cut
  static ClassificationData of(
      List<LabeledTexts.Item> training, List<LabeledTexts.Item> heldOut, Encoding encoding) {
    Set<String> names = new TreeSet<>();
    training.forEach(item -> names.add(item.label()));
    requireClasses(training, names);
    if (heldOut.isEmpty()) {
      throw new IllegalArgumentException(
          "none of the "
              + training.size()
              + " texts is held out to measure with; give more texts, a larger --held-out share or"
              + " --held-out-data");
    }
    List<String> labels = List.copyOf(names);
    List<LabeledTexts.Item> all = new ArrayList<>(training);
    all.addAll(heldOut);
    List<Example> examples = encode(all, labels, encoding);
    int cut = 0;
    for (int i = 0; i < examples.size(); i++) {
      boolean full = examples.get(i).ids().length == encoding.context();
      cut += full && encoding.all(all.get(i).text()).length > encoding.context() ? 1 : 0;
    }
    return new ClassificationData(
        labels,
        List.copyOf(examples.subList(0, training.size())),
        List.copyOf(examples.subList(training.size(), examples.size())),
        cut);
  }

  private static void requireClasses(List<LabeledTexts.Item> training, Set<String> names) {
    if (training.isEmpty()) {
      throw new IllegalArgumentException("there are no texts to learn from; give some with --data");
    }
    if (names.size() < 2) {
      throw new IllegalArgumentException(
          "all "
              + training.size()
              + " texts to learn from have the label "
              + names.iterator().next()
              + "; a classifier needs two classes or more");
    }
    if (names.size() > MOST_LABELS) {
      throw new IllegalArgumentException(
          "there are "
              + names.size()
              + " different labels, more than "
              + MOST_LABELS
              + "; is --label-field the right one?");
    }
  }

  /// Encodes texts whose labels are known.
  ///
  /// @throws IllegalArgumentException if a label is not among `labels`
  static List<Example> encode(
      List<LabeledTexts.Item> items, List<String> labels, Encoding encoding) {
    List<Example> examples = new ArrayList<>(items.size());
    List<String> tooLong = new ArrayList<>();
    Set<String> unknown = new HashSet<>();
    String where = "";
    int longest = 0;
    for (LabeledTexts.Item item : items) {
      int label = Collections.binarySearch(labels, item.label());
      if (label < 0) {
        where = unknown.isEmpty() ? item.place() : where;
        unknown.add(item.label());
        continue;
      }
      int[] ids = encoding.all(item.text());
      if (ids.length > encoding.context() && !encoding.truncate()) {
        tooLong.add(item.place());
        longest = Math.max(longest, ids.length);
      }
      examples.add(new Example(item.place(), encoding.cut(ids), label));
    }
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          where
              + " has the label "
              + new TreeSet<>(unknown).first()
              + ", which no text to learn from has; known are "
              + labels);
    }
    if (!tooLong.isEmpty()) {
      throw new IllegalArgumentException(
          tooLong.size()
              + " of "
              + items.size()
              + " texts are longer than the context of "
              + encoding.context()
              + " tokens ("
              + tooLong.getFirst()
              + " is the first, the longest has "
              + longest
              + "); --truncate cuts them there");
    }
    return examples;
  }
}
