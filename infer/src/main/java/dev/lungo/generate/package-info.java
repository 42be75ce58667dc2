/// Generation: feeding a model its own words.
///
/// [TextGeneration] opens a model with its tokenizer; [Generation] describes what to do with a
/// prompt and does it. Below, [Generator] runs the model over a key/value cache, for one
/// continuation or several; [Sampler] chooses each next id from the logits; [StopStrings] ends the
/// text where it should end. Ids come one by one (`PlainTokens`), in verified blocks
/// (`SpeculativeTokens`), for several texts together (`SampleBatch`), or as the most probable
/// sequence (`BeamSearch`); `PromptCache` keeps what a prompt cost. [ChatSession] answers
/// conversations, [ChatDialogue] holds one with a person.
@NullMarked
package dev.lungo.generate;

import org.jspecify.annotations.NullMarked;
