/// Text to token ids and back.
///
/// Start at [Tokenizer], the one interface the rest of Lungo sees. Four kinds exist:
///
/// - [BytePairTokenizer]: byte-level byte-pair encoding, as GPT-2, GPT-4, Llama 3, Qwen and our own
///   models use. Text is cut into *pieces* by a [Splitter] (words, numbers, runs of spaces); a
///   [PieceEncoder] then joins the bytes of each piece, best-ranked pair of a [MergeTable] first,
///   until no pair is known.
/// - [SentencePieceTokenizer]: score-based merging of whole texts with byte fallback, as Llama 1
///   and 2 use.
/// - [PipelineTokenizer]: whatever else a `tokenizer.json` describes, step by step: a [TextChange],
///   a [PieceStep] and a [TextModel], which is a [SymbolPairModel] or a [UnigramModel].
/// - [CharacterTokenizer]: one id per character, as nanoGPT's Shakespeare uses.
///
/// [BpeTrainer] learns a vocabulary from text. [TokenizerFiles] opens every file format that Lungo
/// reads. [SpecialMode] says whether `<|endoftext|>` in a text means the token or thirteen
/// characters.
///
/// Texts are UTF-8 bytes throughout. With one of our own tokenizers any byte sequence can be
/// encoded, and decoding gives the same bytes back; those of others may change text, or lack
/// characters.
@NullMarked
package dev.lungo.tokenizer;

import org.jspecify.annotations.NullMarked;
