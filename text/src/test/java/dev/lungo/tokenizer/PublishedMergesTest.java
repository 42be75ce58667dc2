package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class PublishedMergesTest {
  @Test
  void workedExamplesComeOutAsPublished() {
    assertThat(PublishedMerges.all())
        .hasSize(2)
        .allSatisfy(example ->
            assertThat(example.computed()).as(example.name()).isEqualTo(example.expected()));
  }
}
