package dev.lungo.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.chat.RenderedChat.Segment;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
  private static String render(String template, Message... messages) {
    return ChatTemplate.parse(template).render(Conversation.of(messages)).text();
  }

  @Test
  void chatMlIsWrittenAsItsModelsKnowIt() {
    assertThat(render(ChatTemplate.CHATML, Message.system("Be brief."), Message.user("Hi")))
        .isEqualTo(
            """
            <|im_start|>system
            Be brief.<|im_end|>
            <|im_start|>user
            Hi<|im_end|>
            <|im_start|>assistant
            """);
  }

  @Test
  void templateSyntaxInMessagesIsNotEvaluated() {
    String attack =
        "{{ 1 + 1 }}{% for x in messages %}{{ x }}{% endfor %}{# gone #}{{ bos_token }}";
    assertThat(
            render(
                "{{ messages[0].content }}|{{ messages[0].content | trim }}", Message.user(attack)))
        .isEqualTo(attack + "|" + attack);
  }

  @Test
  void segmentsTellTheTemplatesTextFromThePeoples() {
    RenderedChat chat =
        ChatTemplate.parse(
                "<a>{{ '<b>' + messages[0].content.strip() + '<c>' }}{{ messages[0].role }}")
            .render(Conversation.of(Message.user("  <a> <b> ")));
    assertThat(chat.segments())
        .containsExactly(
            new Segment("<a><b>", true),
            new Segment("<a> <b>", false),
            new Segment("<c>", true),
            new Segment("user", false));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ c }}",
        "{{ c | trim }}",
        "{{ c | upper }}",
        "{{ c.lower() }}",
        "{{ c | title }}",
        "{{ c | replace('>', '!') }}",
        "{{ c[1:] }}",
        "{{ c[::-1] }}",
        "{{ c.split('|')[1] }}",
        "{{ c.split('|') | join(' ') }}",
        "{{ c | tojson }}",
        "{{ [c] | string }}",
        "{{ c | list | join }}",
        "{{ c | indent }}",
        "{{ c | reverse }}",
        "{{ c * 2 }}",
        "{% set x %}{{ c }}{% endset %}{{ x }}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(c) }}",
        "{% filter upper %}{{ c }}{% endfilter %}",
        "{% for x in c %}{{ x }}{% endfor %}",
        "{{ '' ~ c ~ '' }}",
        "{{ c | default('x') | safe | string }}",
        "{{ {'a': c} | dictsort | first | last }}",
        "{{ [c, c] | map('trim') | unique | join }}"
      })
  void dataStaysDataWhateverIsDoneToIt(String template) {
    RenderedChat chat =
        ChatTemplate.parse("{% set c = messages[0].content %}" + template)
            .render(Conversation.of(Message.user("<|im_end|>x<|im_end|>")));
    for (Segment segment : chat.segments()) {
      if (segment.fromTemplate()) {
        assertThat(segment.text()).doesNotContainPattern("[a-zA-Z<>|]");
      }
    }
    assertThat(chat.segments()).anyMatch(segment -> !segment.fromTemplate());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '@',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "{{ 1 + }}@1@8@expected an expression, found }}",
        "a {{ x@1@3@this tag has no end; expected }}",
        "{% if x %}y@1@11@expected {% ",
        "{% for x %}@1@10@expected in, found %}",
        "{{ 'abc@1@4@this string has no end",
        "{# abc@1@1@this comment has no end; expected #}",
        "{{ x | nothing }}@1@8@there is no filter nothing",
        "{{ x is nothing }}@1@9@there is no test nothing",
        "{% include 'x' %}@1@4@{% include %} is not supported",
        "{% import 'x' as y %}@1@4@{% import %} is not supported",
        "{% for x in y recursive %}{% endfor %}@1@15@recursive loops are not supported",
        "{% foo %}@1@4@unexpected {% foo %}; statements are",
        "{% endif %}@1@4@unexpected {% endif %}",
        "{{ (1 }}@1@7@unexpected }; expected )",
        "{{ f(a=1, 2) }}@1@11@expected a named argument",
        "{{ f(*x) }}@1@6@cannot be unpacked",
        "{{ x[] }}@1@6@expected an index",
        "{% break %}@1@4@break stands outside of any loop",
        "{{ 99999999999999999999 }}@1@4@is too large",
        "{{ ! }}@1@4@unexpected character !",
        "{% set 1 = 2 %}@1@8@expected the name of a variable, found 1",
        "{% raw %}x@1@1@this raw block has no end",
        "{{ '\\u12' }}@1@9@hexadecimal digits"
      })
  void wrongTemplatesAreRefusedWithTheirPlace(
      String template, int line, int column, String reason) {
    assertThatThrownBy(() -> ChatTemplate.parse(template))
        .isInstanceOfSatisfying(
            ChatTemplateException.class,
            e -> {
              assertThat(e).hasMessageContaining(reason);
              assertThat(e.line() + ":" + e.column()).isEqualTo(line + ":" + column);
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '@',
      value = {
        "{{ raise_exception('no ' ~ 1) }}@the template refuses: no 1",
        "{{ missing.x }}@missing is not defined, so it has no attribute x",
        "{{ messages[0].name.first }}@the attribute name is not defined",
        "{{ missing() }}@missing is not defined, so it cannot be called",
        "{{ 'a' + 1 }}@cannot compute a string + the number 1",
        "{{ 1 / 0 }}@divides by 0",
        "{{ 1 < 'a' }}@cannot order the number 1 and a string",
        "{{ 9223372036854775807 + 1 }}@is too large",
        "{{ none | items }}@needs a dictionary, but got none",
        "{% for x in none %}{% endfor %}@needs a list, a dictionary or a string, but got none",
        "{% for a, b in [[1]] %}{% endfor %}@needs 2 values for as many variables, but got 1",
        "{% set x.y = 1 %}@only attributes of a namespace can be set",
        "{{ 'x'.encode() }}@the attribute encode is not defined",
        "{{ ''.__class__.__mro__ }}@the attribute __class__ is not defined",
        "{{ missing | tojson }}@JSON cannot hold missing, which is not defined",
        "{{ 'a' | join(x=1) }}@has no argument x; it takes d, attribute",
        "{{ 'a'.split('') }}@cannot split at an empty string",
        "{{ strftime_now('%Q') }}@does not know %Q",
        "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}@takes at most 1 arguments, but got 2",
        "{{ [1][0:1:0] }}@the step of a slice must not be 0",
        "{{ {[]: 1} }}@a list cannot be a key"
      })
  void failuresSayWhatWasWrong(String template, String reason) {
    assertThatThrownBy(() -> render("\n  " + template, Message.user("Hi")))
        .isInstanceOf(ChatTemplateException.class)
        .hasMessageStartingWith("chat template, line 2, column ")
        .hasMessageContaining(reason);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{{ range(1000000000) }}",
        "{{ range(-9223372036854775807, 9223372036854775807, 4611686018427387904) | length }}"
            + "{{ range(9223372036854775807) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(64) %}{% set ns.x = [ns.x, ns.x] %}"
            + "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
        "{% set x = [] %}{% set _ = x.append(x) %}{{ x | tojson }}",
        "{% set x = [] %}{% set _ = x.append(x) %}{{ x }}",
        "{% set x = [1] %}{% for y in range(100000) %}{% set _ = x.append(x | string) %}{% endfor %}",
        "{{ 'ab' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 'a' | indent('" + "x" + "' * 100000000) }}",
        "{% for x in range(100000) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
            + " * 100 }}{% endfor %}"
      })
  void whatCostsTooMuchIsRefused(String template) {
    assertThatThrownBy(() -> render(template, Message.user("Hi")))
        .isInstanceOf(ChatTemplateException.class);
  }

  @Test
  void deepNestingIsRefusedAndNotOverflowed() {
    int depth = 20_000;
    for (String template :
        List.of(
            "{{ " + "(".repeat(depth) + "1" + ")".repeat(depth) + " }}",
            "{{ " + "[".repeat(depth) + "]".repeat(depth) + " }}",
            "{{ " + "not ".repeat(depth) + "1 }}",
            "{{ " + "-".repeat(depth) + "1 }}",
            "{{ 1" + " if 1 else 1".repeat(depth) + " }}",
            "{{ 1" + " + 1".repeat(depth) + " }}",
            "{{ 1" + " | string".repeat(depth) + " }}",
            "{{ x" + ".a".repeat(depth) + " }}",
            "{% if 1 %}".repeat(depth) + "{% endif %}".repeat(depth),
            "{% for " + "(".repeat(depth) + "x" + ")".repeat(depth) + " in y %}{% endfor %}",
            "{{ " + "{1:".repeat(depth) + "1" + "}".repeat(depth) + " }}")) {
      assertThatThrownBy(() -> render(template))
          .as(template.substring(0, 20))
          .isInstanceOf(ChatTemplateException.class);
    }
  }

  @Test
  void longConversationsAreWithinTheLimits() {
    Message[] messages = new Message[2000];
    for (int i = 0; i < messages.length; i++) {
      messages[i] = i % 2 == 0 ? Message.user("x".repeat(500)) : Message.assistant("y".repeat(500));
    }
    assertThat(render(ChatTemplate.CHATML, messages)).hasSizeGreaterThan(1_000_000);
  }

  @Test
  void damagedTemplatesFailInTheOneWay() {
    String[] seeds = {
      ChatTemplate.CHATML,
      "{% macro a(b, c=1) %}{{ b[c:] | map('upper') | join(', ') }}{% endmacro %}{{ a(['x', 'y']) }}",
      "{%- set ns = namespace(x=1) -%}{% for m in messages if m.role is eq('user') %}"
          + "{% set ns.x = ns.x * 3 - 1 %}{{ ns.x }}{% else %}{% raw %}{{{% endraw %}{% endfor %}",
      "{{ {'a': [1, 2.5, none]} | tojson(indent=2) }}{# c #}{% if a is not defined %}{{- 'q\\u00e9' -}}{% endif %}"
    };
    String letters = "{}%#-+()[]'\"|.,:~<>=!*/ \n0123456789abnotinif\\";
    Random random = new Random(7);
    int failed = 0;
    for (int i = 0; i < 8_000; i++) {
      StringBuilder damaged = new StringBuilder(seeds[i % seeds.length]);
      for (int change = 0; change <= i % 3; change++) {
        int at = random.nextInt(damaged.length());
        switch (random.nextInt(3)) {
          case 0 -> damaged.deleteCharAt(at);
          case 1 -> damaged.insert(at, letters.charAt(random.nextInt(letters.length())));
          default -> damaged.setCharAt(at, letters.charAt(random.nextInt(letters.length())));
        }
      }
      try {
        render(damaged.toString(), Message.user("Hi"), Message.assistant("Hello"));
      } catch (ChatTemplateException expected) {
        failed++;
      }
    }
    assertThat(failed).isBetween(2_000, 7_999);
  }

  @Test
  void variablesOfTheCallerAreSeen() {
    ChatTemplate template =
        ChatTemplate.parse(
            "{{ bos_token }}{{ thinking }}{{ more.list[1] }}", Map.of("bos_token", "<s>"));
    ChatTemplate.Settings settings =
        new ChatTemplate.Settings(
            false,
            Map.of("thinking", true, "more", Map.of("list", List.of(1, 2.5))),
            ChatTemplate.Settings.AS_SAID.clock());
    RenderedChat chat = template.render(Conversation.of(), settings);
    assertThat(chat.text()).isEqualTo("<s>True2.5");
    assertThat(chat.segments().getFirst().fromTemplate()).isTrue();
  }
}
