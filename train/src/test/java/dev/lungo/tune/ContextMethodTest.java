package dev.lungo.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.PositionScheme;
import dev.lungo.model.RopeScaling;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContextMethodTest {
  private static final LlamaConfig LLAMA =
      new LlamaConfig(300, 256, 2, 2, 2, 128, 64, 4096, 1e-5f, 10_000, true);

  private static LlamaConfig extended(ContextMethod method, int context) {
    ModelConfig config = method.extend(LLAMA, context);
    assertThat(config.context()).isEqualTo(context);
    return (LlamaConfig) config;
  }

  @Test
  void eachMethodSaysHowItStretches() {
    assertThat(extended(ContextMethod.NONE, 8192).ropeScaling()).isEqualTo(RopeScaling.NONE);
    assertThat(extended(ContextMethod.LINEAR, 8192).ropeScaling())
        .isEqualTo(new RopeScaling.Linear(2));
    assertThat(extended(ContextMethod.DYNAMIC, 16_384).ropeScaling())
        .isEqualTo(new RopeScaling.Dynamic(4, 4096));
    assertThat(extended(ContextMethod.YARN, 65_536).ropeScaling())
        .isEqualTo(new RopeScaling.Yarn(16, 4096));
    assertThat(extended(ContextMethod.LLAMA3, 32_768).ropeScaling())
        .isEqualTo(new RopeScaling.Llama3(8, 1, 4, 4096));
    LlamaConfig ntk = extended(ContextMethod.NTK, 16_384);
    assertThat(ntk.ropeScaling()).isEqualTo(RopeScaling.NONE);
    assertThat(ntk.ropeBase()).isCloseTo(40_889.94f, within(0.01f));
    assertThat(extended(ContextMethod.LONGROPE, 32_768).ropeScaling().attentionFactor())
        .isCloseTo(1.118034, within(1e-6));
  }

  @Test
  void theSearchFindsDivisorsThatAreBetterThanTheKnownOnesAndNeverFall() {
    double[] wanted = RopeScaling.NONE.frequencies(128, 10_000, 1);
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] /= i < 20 ? 1 : i < 40 ? 2.5 : 8;
    }
    int[] asked = {0};
    double[] known = {Double.POSITIVE_INFINITY};
    RopeScaling.LongRope found =
        new LongRopeSearch(
                LLAMA,
                32_768,
                scaling -> {
                  double cost = cost(scaling, wanted);
                  if (++asked[0] <= 3) {
                    known[0] = Math.min(known[0], cost);
                  }
                  return cost;
                },
                7)
            .run(300);
    assertThat(asked[0]).isEqualTo(300);
    assertThat(cost(found, wanted)).isLessThan(known[0]);
    List<Double> divisors = found.longFactors();
    assertThat(divisors).isSorted().hasSize(64);
    assertThat(divisors.getFirst()).isGreaterThanOrEqualTo(1);
    assertThat(divisors.getLast()).isLessThanOrEqualTo(8);
  }

  private static double cost(RopeScaling scaling, double[] wanted) {
    double[] angles = scaling.frequencies(128, 10_000, 32_768);
    double sum = 0;
    for (int i = 0; i < angles.length; i++) {
      sum += Math.pow(Math.log(angles[i] / wanted[i]), 2);
    }
    return sum;
  }

  @Test
  void whatCannotBeStretchedIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ContextMethod.YARN.extend(LLAMA, 4096))
        .withMessageContaining("reads 4096 positions already")
        .withMessageContaining("below 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ContextMethod.YARN.extend(extended(ContextMethod.LINEAR, 8192), 16_384))
        .withMessageContaining("stretched already");
    for (ModelConfig config :
        List.of(LLAMA.with(PositionScheme.ALIBI), new Gpt2Config(300, 64, 2, 2, 64, 1e-5f, true))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> ContextMethod.YARN.extend(config, 8192))
          .withMessageContaining("rotary positions, which this model does not have");
      assertThat(ContextMethod.NONE.extend(config, 8192).context()).isEqualTo(8192);
    }
  }
}
