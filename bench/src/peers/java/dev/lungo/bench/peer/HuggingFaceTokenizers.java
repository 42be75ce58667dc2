package dev.lungo.bench.peer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.lungo.bench.EncoderPeer;
import java.io.IOException;
import java.util.Map;

/// Hugging Face's tokenizers (Rust) behind DJL's binding. The native library comes out of DJL's jar.
public final class HuggingFaceTokenizers implements EncoderPeer {
  static {
    // Else DJL may ask the network for a library that suits a graphics card.
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("RUST_FLAVOR", "cpu");
  }

  @Override
  public String name() {
    return "HF tokenizers (ai.djl 0.38.0)";
  }

  @Override
  public Encoder open(Vocabulary vocabulary) throws IOException {
    return new Opened(
        HuggingFaceTokenizer.newInstance(
            vocabulary.tokenizerJson(),
            Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false")));
  }

  private record Opened(HuggingFaceTokenizer tokenizer) implements Encoder {
    @Override
    public int[] ids(String text) {
      long[] wide = tokenizer.encode(text).getIds();
      int[] ids = new int[wide.length];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = (int) wide[i];
      }
      return ids;
    }

    @Override
    public int count(String text) {
      return tokenizer.encode(text).getIds().length;
    }

    @Override
    public void close() {
      tokenizer.close();
    }
  }
}
