package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.model.EncoderDecoderConfig;
import dev.lungo.model.EncoderDecoderConfig.Activation;
import dev.lungo.model.EncoderDecoderConfig.NormPlacement;
import dev.lungo.model.EncoderDecoderConfig.SharedTables;
import dev.lungo.model.SinusoidalPositions;
import dev.lungo.nn.Parameter;
import dev.lungo.tensor.RandomNumbers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EncoderDecoderFolderTest {
  @TempDir private Path folder;

  private static EncoderDecoderConfig config() {
    return new EncoderDecoderConfig(
        11,
        13,
        8,
        1,
        2,
        2,
        16,
        20,
        NormPlacement.POST,
        Activation.SWIGLU,
        SinusoidalPositions.HALVES_FROM_ONE,
        SharedTables.TARGET,
        1e-6f,
        true,
        true,
        true,
        3,
        2,
        true);
  }

  private void save() throws IOException {
    try (EncoderDecoder model = new EncoderDecoder(config(), false)) {
      model.parameters().initialize(new RandomNumbers(3));
      EncoderDecoderFolder.save(folder, model);
    }
  }

  @Test
  void aModelComesBackAsItWasWritten() throws IOException {
    save();
    assertThat(EncoderDecoderFolder.isOne(folder)).isTrue();
    try (EncoderDecoder written = new EncoderDecoder(config(), false);
        EncoderDecoder read = EncoderDecoderFolder.load(folder, false).model()) {
      written.parameters().initialize(new RandomNumbers(3));
      assertThat(read.config()).isEqualTo(config());
      List<Parameter> expected = written.parameters().all();
      List<Parameter> found = read.parameters().all();
      assertThat(found).hasSameSizeAs(expected);
      for (int i = 0; i < expected.size(); i++) {
        assertThat(found.get(i).name()).isEqualTo(expected.get(i).name());
        assertThat(found.get(i).tensor().toFloats()).isEqualTo(expected.get(i).tensor().toFloats());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'\"encoder-decoder\"','\"llama\"',model_type",
    "'\"d_model\" : 8','\"d_model\" : 9',sizes",
    "'\"d_model\" : 8','\"d_model\" : 16',tensors",
    "'\"norm\" : \"post\"','\"norm\" : \"none\"',norm",
    "'\"norm\" : \"post\"','\"norm\" : \"pre\"',tensors",
    "'\"max_position_embeddings\" : 20','\"max_position_embeddings\" : 200000000',sizes",
    "'\"decoder_start_token_id\" : 3','\"decoder_start_token_id\" : []',decoder_start_token",
    "'\"eos_token_id\" : 2','\"eos_token_id\" : 13',sizes",
    "'\"target_vocab_size\" : 13','\"target_vocab_size\" : 12',tensor"
  })
  void otherConfigurationsAreRefusedByTheField(String before, String after, String field)
      throws IOException {
    save();
    Path config = folder.resolve("config.json");
    String text = Files.readString(config);
    assertThat(text).contains(before);
    Files.writeString(config, text.replace(before, after));
    assertThatThrownBy(() -> EncoderDecoderFolder.load(folder, false).model().close())
        .isInstanceOf(MalformedFileException.class)
        .satisfies(thrown -> {
          if (!field.equals("tensor")) {
            assertThat(thrown).hasMessageContaining(field);
          }
        });
  }
}
