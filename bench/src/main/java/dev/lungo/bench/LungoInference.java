package dev.lungo.bench;

import dev.lungo.generate.Generator;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.Parameter;
import dev.lungo.tensor.Tensor;
import dev.lungo.weights.ModelFiles;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/// Our side of the inference benchmark.
final class LungoInference implements AutoCloseable {
  private final LanguageModel model;
  private final Generator generator;

  LungoInference(Kernels kernels, Path file, int context) throws IOException {
    model = ModelFiles.load(file);
    generator = new Generator(kernels, model, context);
  }

  /// Reads a prompt and returns its tokens a second.
  double promptRate(int length) {
    int[] ids = prompt(length);
    generator.rewind(0);
    long start = System.nanoTime();
    generator.feed(ids);
    return length / ((System.nanoTime() - start) / 1e9);
  }

  /// Generates after a prompt and returns tokens a second.
  double generationRate(int prompt, int count) {
    promptRate(prompt);
    int id = 1;
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      id = likeliest(generator.feed(id));
    }
    return count / ((System.nanoTime() - start) / 1e9);
  }

  /// Returns the bytes of weights that one step reads: all but the table of embeddings, of which it
  /// reads a row, unless that is the head as well.
  long bytesPerStep() {
    long bytes = 0;
    for (Parameter parameter : model.parameters().all()) {
      Tensor tensor = parameter.tensor();
      if (parameter.role() != Parameter.Role.EMBEDDING || tensor == model.head()) {
        bytes += tensor.type().bytes(tensor.elements());
      }
    }
    return bytes;
  }

  /// Returns any ids, not all the same.
  int[] prompt(int length) {
    int[] ids = new int[length];
    for (int i = 0; i < length; i++) {
      ids[i] = (100 + i * 7919) % model.config().vocabulary();
    }
    return ids;
  }

  /// Returns the likeliest id after `prompt`, then the one after that, and so on.
  int[] greedy(int[] prompt, int count) {
    generator.rewind(0);
    int[] ids = new int[count];
    int id = likeliest(generator.feed(prompt));
    for (int i = 0; i < count; i++) {
      ids[i] = id;
      if (i + 1 < count) {
        id = likeliest(generator.feed(id));
      }
    }
    return ids;
  }

  private static int likeliest(Tensor logits) {
    int best = 0;
    float highest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < logits.elements(); i++) {
      float logit = logits.data().getAtIndex(ValueLayout.JAVA_FLOAT, i);
      if (logit > highest) {
        highest = logit;
        best = i;
      }
    }
    return best;
  }

  @Override
  public void close() {
    generator.close();
    model.close();
  }
}
