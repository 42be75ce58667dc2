package dev.lungo.chat;

/// Says why a value cannot be computed, where the place in the template is not known; the evaluator
/// adds it.
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Refusal(String reason) {
    super(reason, null, false, false);
  }

  ChatTemplateException at(Place place) {
    return new ChatTemplateException(place, String.valueOf(getMessage()));
  }
}
