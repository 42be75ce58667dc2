/// Conversations, and the templates that turn them into what a model was trained on.
///
/// A [Conversation] is a list of [Message]s. A [ChatTemplate] renders it to a [RenderedChat], which
/// knows of every character whether the template wrote it or a person did: only the template's may
/// become special tokens ([RenderedChat#encode]). [ChatTemplateFiles] finds the template of a
/// model.
///
/// Templates are programs in a part of the language Jinja. The pipeline is `Lexer` →
/// `StatementParser`, `ExpressionParser` → [Statement], [Expression] → `Interpreter`, `Evaluator`
/// over [Value]s. They are programs from outside: `Budget` bounds what they may cost, and nothing
/// but values can be reached from them.
@NullMarked
package dev.lungo.chat;

import org.jspecify.annotations.NullMarked;
