package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.ScalarKernels;
import dev.lungo.model.DecoderState;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A third-party encoder–decoder that turns Arabic words into Latin letters, against what its
/// float64 reference recorded.
class GoldenTransliterationTest {
  private static final int LONGEST = 40;

  static Stream<Kernels> implementations() {
    return Stream.of(new ScalarKernels(1), KernelChoice.open(2));
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void tenWordsComeOutWithTheRecordedProbabilities(Kernels kernels) throws IOException {
    Path path =
        Path.of(System.getProperty("lungo.testdata", "../../shared/data"))
            .resolve("models/aren-transliteration");
    assumeTrue(Files.exists(path), "no test data: models/aren-transliteration");
    JsonNode golden =
        JsonMapper.builder().build().readTree(Files.readString(path.resolve("golden.json")));
    EncoderDecoderFolder folder = EncoderDecoderFolder.load(path, false);
    try (kernels;
        EncoderDecoder model = folder.model()) {
      assertThat(model.parameters().count()).isEqualTo(golden.required("params").longValue());
      assertThat(golden.required("cases").size()).isEqualTo(10);
      for (JsonNode one : golden.required("cases")) {
        check(kernels, folder, one);
      }
    }
  }

  private static void check(Kernels kernels, EncoderDecoderFolder folder, JsonNode golden) {
    EncoderDecoder model = folder.model();
    int[] source = new int[golden.required("src").size()];
    for (int i = 0; i < source.length; i++) {
      source[i] = folder.sourceSymbols().indexOf(golden.required("src").get(i).stringValue());
    }
    List<String> written = new ArrayList<>();
    double logProb = 0;
    try (Workspace workspace = new Workspace("test")) {
      Pass pass = Pass.inference(kernels, workspace);
      Tensor encoded = model.encode(pass, ids(workspace, source), source.length);
      DecoderState state = model.start(pass, encoded, new int[] {source.length}, 1, LONGEST);
      int next = model.config().start();
      while (true) {
        Tensor hidden = model.decode(pass, state, ids(workspace, next));
        float[] logits = model.logits(pass, hidden).toFloats();
        if (written.isEmpty()) {
          JsonNode expected = golden.required("first_step_logits");
          for (int i = 0; i < logits.length; i++) {
            assertThat((double) logits[i]).isCloseTo(expected.get(i).doubleValue(), within(1e-4));
          }
        }
        next = largest(logits);
        logProb += logits[next] - logSumExp(logits);
        if (next == model.config().end()) {
          break;
        }
        written.add(folder.targetSymbols().get(next));
      }
    }
    List<String> expected = new ArrayList<>();
    golden.required("greedy").forEach(symbol -> expected.add(symbol.stringValue()));
    assertThat(written).isEqualTo(expected);
    assertThat(logProb)
        .isCloseTo(golden.required("sum_log_prob_incl_eos").doubleValue(), within(1e-4));
  }

  private static Tensor ids(Workspace workspace, int... ids) {
    return workspace.allocate(Shape.of(1, ids.length), DType.INT32).set(ids);
  }

  private static int largest(float[] logits) {
    int largest = 0;
    for (int i = 1; i < logits.length; i++) {
      largest = logits[i] > logits[largest] ? i : largest;
    }
    return largest;
  }

  private static double logSumExp(float[] logits) {
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit);
    }
    return Math.log(sum);
  }
}
