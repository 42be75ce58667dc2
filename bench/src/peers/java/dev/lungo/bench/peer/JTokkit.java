package dev.lungo.bench.peer;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingRegistry;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.GptBytePairEncodingParams;
import dev.lungo.bench.EncoderPeer;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/// JTokkit: the usual tokenizer for OpenAI's models on the JVM.
public final class JTokkit implements EncoderPeer {
  @Override
  public String name() {
    return "JTokkit 1.1.0";
  }

  @Override
  public Encoder open(Vocabulary vocabulary) {
    EncodingRegistry registry = Encodings.newLazyEncodingRegistry();
    if (vocabulary.name().equals("cl100k")) {
      return new Opened(registry.getEncoding(EncodingType.CL100K_BASE));
    }
    Map<byte[], Integer> ranks = new HashMap<>();
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      ranks.put(vocabulary.tokens().get(id), id);
    }
    registry.registerGptBytePairEncoding(
        new GptBytePairEncodingParams(
            vocabulary.name(),
            Pattern.compile(vocabulary.pattern(), Pattern.UNICODE_CHARACTER_CLASS),
            ranks,
            Map.of()));
    return new Opened(registry.getEncoding(vocabulary.name()).orElseThrow());
  }

  private record Opened(Encoding encoding) implements Encoder {
    @Override
    public int[] ids(String text) {
      return encoding.encodeOrdinary(text).toArray();
    }

    @Override
    public int count(String text) {
      return encoding.encodeOrdinary(text).size();
    }

    @Override
    public void close() {}
  }
}
