package dev.lungo.cli;

import dev.lungo.tokenizer.SpecialMode;
import dev.lungo.tokenizer.TokenBuffer;
import dev.lungo.tokenizer.TokenListing;
import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Shows how a text is cut into tokens.
@Command(name = "inspect", description = "Show how a text is cut into tokens.", sortOptions = false)
final class TokenizerInspectCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();
  @Mixin private final TokenizerOption tokenizer = new TokenizerOption();
  @Mixin private final InputText input = new InputText();

  @Option(
      names = "--no-special",
      description = "Take names of special tokens in the text as text, and add none around it.")
  private boolean noSpecial;

  @Option(
      names = "--most",
      paramLabel = "N",
      description = "List so many tokens at most (default: ${DEFAULT-VALUE}).",
      defaultValue = "200")
  private int most;

  @Override
  public Integer call() throws IOException {
    Tokenizer encoder = tokenizer.load();
    byte[] text = input.readAll();
    TokenBuffer ids = new TokenBuffer(text.length / 3 + 16);
    encoder.encode(text, 0, text.length, noSpecial ? SpecialMode.TEXT : SpecialMode.FRAME, ids);
    TokenListing listing = TokenListing.of(encoder, ids.toArray(), text.length);
    boolean colours = StandardStreams.ansi() == Ansi.ON;
    console.print(listing.shown(colours));
    console.print("");
    listing.rows(most).forEach(console::print);
    console.print("");
    console.print(
        String.format(
            Locale.ROOT,
            "%,d tokens for %,d bytes: %.2f bytes per token (vocabulary of %,d)",
            ids.size(),
            text.length,
            (double) text.length / Math.max(1, ids.size()),
            encoder.vocabularySize()));
    console.result(listing);
    return 0;
  }
}
