package dev.lungo.generate;

import dev.lungo.chat.ChatEncoder;
import dev.lungo.chat.ChatTemplate;
import dev.lungo.chat.Conversation;
import dev.lungo.chat.Message;
import dev.lungo.generate.ChatAnswer.Finish;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Tensor;
import dev.lungo.tokenizer.StreamingDecoder;
import dev.lungo.tokenizer.TokenBuffer;
import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// A model that answers conversations, and remembers between answers what it has read.
///
/// Each answer begins by rendering the whole conversation. What its ids have in common with those
/// in the key/value cache, from the first on, is not computed again: the cache is rewound to where
/// they part, and only the rest is fed. So nothing has to be known about what changed in between.
///
/// Not thread-safe, except [#interrupt].
public final class ChatSession implements AutoCloseable {
  /// Positions of a prompt between two looks at whether to stop.
  private static final int BLOCK = 256;

  private final TextGeneration generation;
  private final ChatTemplate template;
  private final ChatEncoder encoder;
  private final EndOfTurn end;
  private final Generator generator;
  private final int capacity;
  private final AtomicBoolean interrupted = new AtomicBoolean();

  /// The ids whose keys and values are in the cache.
  private TokenBuffer read = new TokenBuffer();

  /// How to answer.
  ///
  /// @param mostTokens of one answer
  /// @param variables what the template sees besides, such as `enable_thinking`
  public record Settings(Sampler.Settings sampling, int mostTokens, Map<String, Object> variables) {
    public Settings {
      if (mostTokens < 1) {
        throw new IllegalArgumentException(
            "tokens of an answer must be at least 1, but are " + mostTokens);
      }
    }
  }

  private ChatSession(
      TextGeneration generation,
      ChatTemplate template,
      ChatEncoder encoder,
      EndOfTurn end,
      int capacity,
      DType cacheType) {
    this.generation = generation;
    this.template = template;
    this.encoder = encoder;
    this.end = end;
    this.capacity = capacity;
    this.generator = generation.generator(capacity, 1, cacheType);
  }

  /// Opens a model, with keys and values kept in float32.
  public static ChatSession open(
      Path model, ChatTemplate template, List<String> stops, int context, int threads)
      throws IOException {
    return open(model, template, stops, context, DType.FLOAT32, threads);
  }

  /// Opens a model.
  ///
  /// @param template the model's own, or one that suits it
  /// @param stops texts before which an answer ends, besides what the model knows for that
  /// @param context most positions to reserve memory for; a model with fewer has its own
  /// @param cacheType what keys and values are kept in: FLOAT32, FLOAT16 or Q8_0
  public static ChatSession open(
      Path model,
      ChatTemplate template,
      List<String> stops,
      int context,
      DType cacheType,
      int threads)
      throws IOException {
    if (context < 1) {
      throw new IllegalArgumentException("the context must be at least 1, but is " + context);
    }
    TextGeneration generation = TextGeneration.open(model, threads);
    try {
      Tokenizer tokenizer = generation.tokenizer();
      ChatEncoder encoder = new ChatEncoder(tokenizer);
      EndOfTurn end = EndOfTurn.of(model, tokenizer, template, encoder).with(stops);
      int capacity = Math.min(context, generation.model().config().context());
      return new ChatSession(generation, template, encoder, end, capacity, cacheType);
    } catch (IOException | RuntimeException failed) {
      generation.close();
      throw failed;
    }
  }

  /// Returns how many positions a conversation and its answer may take.
  public int context() {
    return capacity;
  }

  /// Stops the answer that is being written, from any thread.
  public void interrupt() {
    interrupted.set(true);
  }

  /// Answers a conversation.
  ///
  /// Where it does not fit the context, the oldest messages after the system's are left out, turn
  /// by turn.
  ///
  /// @param sink gets the text piece by piece as it comes
  /// @throws dev.lungo.chat.ChatTemplateException if the template refuses the conversation
  /// @throws IllegalArgumentException if the last turn alone does not fit
  public ChatAnswer answer(Conversation conversation, Settings settings, Consumer<String> sink) {
    interrupted.set(false);
    Conversation fitting = conversation;
    int[] ids = encode(fitting, settings);
    int reserve = Math.min(settings.mostTokens, Math.max(1, capacity / 4));
    while (ids.length + reserve > capacity) {
      Optional<Conversation> shorter = withoutOldestTurn(fitting);
      if (shorter.isEmpty()) {
        break;
      }
      fitting = shorter.get();
      ids = encode(fitting, settings);
    }
    if (ids.length == 0 || ids.length >= capacity) {
      throw new IllegalArgumentException(
          ids.length == 0
              ? "the template made no text of the conversation"
              : "the last message makes "
                  + ids.length
                  + " tokens with what belongs to it, but the context is "
                  + capacity
                  + " positions; shorten it");
    }
    int forgotten = conversation.messages().size() - fitting.messages().size();
    return new Turn(settings, sink).write(ids, forgotten);
  }

  private int[] encode(Conversation conversation, Settings settings) {
    TokenBuffer out = new TokenBuffer();
    ChatTemplate.Settings rendering =
        new ChatTemplate.Settings(
            true, settings.variables, ChatTemplate.Settings.TO_ANSWER.clock());
    encoder.encode(template.render(conversation, rendering), out);
    return out.toArray();
  }

  /// Leaves out the first message that is no system's and what follows it up to the next user's.
  private static Optional<Conversation> withoutOldestTurn(Conversation conversation) {
    List<Message> messages = new ArrayList<>(conversation.messages());
    int from = 0;
    while (from < messages.size() && messages.get(from).role().equals("system")) {
      from++;
    }
    int to = from + 1;
    while (to < messages.size() && !messages.get(to).role().equals("user")) {
      to++;
    }
    if (to >= messages.size()) {
      return Optional.empty();
    }
    messages.subList(from, to).clear();
    return Optional.of(new Conversation(messages, conversation.tools()));
  }

  /// One answer while it is written.
  private final class Turn {
    private final Settings settings;
    private final Sampler sampler;
    private final StopStrings stops = new StopStrings(end.texts());
    private final StreamingDecoder decoder = generation.tokenizer().streamingDecoder();
    private final Consumer<String> sink;
    private final StringBuilder text = new StringBuilder();
    private int generated;

    Turn(Settings settings, Consumer<String> sink) {
      this.settings = settings;
      this.sampler = new Sampler(settings.sampling, generation.model().config().vocabulary());
      this.sink = sink;
    }

    ChatAnswer write(int[] ids, int forgotten) {
      long started = System.nanoTime();
      for (int id : ids) {
        sampler.accept(id);
      }
      int reused = rewindTo(ids);
      Optional<Tensor> logits = Optional.empty();
      for (int at = reused; at < ids.length && !interrupted.get(); at += BLOCK) {
        logits = Optional.of(feed(Arrays.copyOfRange(ids, at, Math.min(at + BLOCK, ids.length))));
      }
      long prompted = System.nanoTime();
      Finish finish =
          interrupted.get() || logits.isEmpty() ? Finish.INTERRUPTED : generate(logits.get());
      if (!stops.stopped()) {
        emit(stops.push(decoder.finish()));
        emit(stops.finish());
      }
      double seconds = (System.nanoTime() - prompted) / 1e9;
      return new ChatAnswer(
          text.toString(),
          ids.length,
          reused,
          forgotten,
          generated,
          finish,
          (prompted - started) / 1e9,
          generated / seconds);
    }

    private Finish generate(Tensor first) {
      Tensor logits = first;
      while (true) {
        int id = sampler.next(logits.data());
        generated++;
        if (end.ids().contains(id)) {
          return Finish.END_OF_TURN;
        }
        sampler.accept(id);
        boolean named = id < generation.tokenizer().vocabularySize();
        emit(stops.push(named ? decoder.accept(id) : ""));
        if (stops.stopped()) {
          return Finish.END_OF_TURN;
        }
        if (interrupted.get()) {
          return Finish.INTERRUPTED;
        }
        if (generated == settings.mostTokens) {
          return Finish.LENGTH;
        }
        if (generator.position() == capacity) {
          return Finish.CONTEXT;
        }
        logits = feed(id);
      }
    }

    private void emit(String piece) {
      if (!piece.isEmpty()) {
        text.append(piece);
        sink.accept(piece);
      }
    }
  }

  /// Rewinds the cache to what `ids` begin with, and leaves at least one id to feed, since logits
  /// come only from feeding.
  private int rewindTo(int[] ids) {
    int same = 0;
    int most = Math.min(ids.length - 1, read.size());
    while (same < most && ids[same] == read.get(same)) {
      same++;
    }
    generator.rewind(same);
    TokenBuffer kept = new TokenBuffer(capacity);
    kept.addAll(ids, 0, same);
    read = kept;
    return same;
  }

  private Tensor feed(int... ids) {
    Tensor logits = generator.feed(ids);
    read.addAll(ids, 0, ids.length);
    return logits;
  }

  @Override
  public void close() {
    generator.close();
    generation.close();
  }
}
