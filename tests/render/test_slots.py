"""A slot prints and does nothing else: every other use is an error with template and line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.errors import TemplateError
from newsletter.render.compiled import SlotUse
from newsletter.render.slots import ALLOWED_FILTERS, Tokens, find_nonce
from newsletter.render.template import _STOCK_FILTERS_LEFT_OUT, FILTERS

Compile = Callable[..., Any]

STOCK = ImmutableSandboxedEnvironment()
REFUSED_FILTERS = sorted(set(STOCK.filters) - {*ALLOWED_FILTERS, "d", *_STOCK_FILTERS_LEFT_OUT})
ARGUMENTS = {
    "replace": "('a', 'b')",
    "format": "('a')",
    "batch": "(2)",
    "slice": "(2)",
    "attr": "('x')",
    "groupby": "('x')",
    "map": "('upper')",
    "filesizeformat": "",
    "indent": "(2)",
}


@pytest.mark.parametrize("name", REFUSED_FILTERS)
def test_stock_filter_refuses_a_slot(compiled: Compile, name: str) -> None:
    with pytest.raises(TemplateError, match=r"subscriber\.name") as caught:
        compiled(f"<mj-text>\n{{{{ subscriber.name|{name}{ARGUMENTS.get(name, '')} }}}}</mj-text>")
    assert (caught.value.path, caught.value.line) == ("templates/t/letter.mjml", 5)


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_own_filter_refuses_a_slot(compiled: Compile, name: str) -> None:
    with pytest.raises(TemplateError, match=r"subscriber\.name"):
        compiled(f"<mj-text>{{{{ subscriber.name|{name} }}}}</mj-text>")


TESTS_WITH_ARGUMENT = {"divisibleby": "(2)", "sameas": "(1)", "in": "([1])", "filter": "", "test": ""}
COMPARING = {"eq", "equalto", "==", "ne", "!=", "lt", "lessthan", "<", "le", "<=", "gt", "greaterthan", ">", "ge", ">="}


@pytest.mark.parametrize("name", sorted(n for n in STOCK.tests if n.isidentifier()))
def test_test_refuses_a_slot(compiled: Compile, name: str) -> None:
    argument = "(1)" if name in COMPARING else TESTS_WITH_ARGUMENT.get(name, "")
    with pytest.raises(TemplateError, match=r"subscriber\.name"):
        compiled(f"<mj-text>{{% if subscriber.name is {name}{argument} %}}x{{% endif %}}</mj-text>")


@pytest.mark.parametrize(
    "expression",
    [
        "subscriber.name ~ 'x'",
        "'x' ~ subscriber.name",
        "subscriber.name + 'x'",
        "'x' + subscriber.name",
        "subscriber.name * 2",
        "subscriber.name - 1",
        "subscriber.name / 2",
        "subscriber.name // 2",
        "subscriber.name ** 2",
        "2 ** subscriber.name",
        "-subscriber.name",
        "+subscriber.name",
        "'%s' % subscriber.name",
        "subscriber.name % 2",
        "subscriber.name == 'x'",
        "'x' == subscriber.name",
        "subscriber.name != 'x'",
        "subscriber.name < 'x'",
        "subscriber.name > 'x'",
        "subscriber.name <= 'x'",
        "subscriber.name >= 'x'",
        "'x' < subscriber.name",
        "subscriber.name in ['x']",
        "'x' in subscriber.name",
        "subscriber.name in [subscriber.name]",
        "'y' if subscriber.name else 'n'",
        "subscriber.name or 'x'",
        "subscriber.name and 'x'",
        "not subscriber.name",
        "subscriber.name[0]",
        "subscriber.name[1:]",
        "subscriber.name.upper()",
        "subscriber.name.length",
        "subscriber.name()",
        "[subscriber.name]|join(',')",
        "[subscriber.name]|string",
        "[subscriber.name, 'a']|sort|first",
        "[subscriber.name]|unique|list",
        "[subscriber.name]|map('upper')|list",
        "[subscriber.name]|select|list",
        "[subscriber.name]|select('equalto', 'x')|list",
        "{'a': subscriber.name}|dictsort(by='value')",
        "{subscriber.name: 1}",
        "{'a': subscriber.name}|string",
        "'{}'.format(subscriber.name)",
        "'%s'|format(subscriber.name)",
        "'a'|default(subscriber.name)|upper",
        "'x'|replace('x', subscriber.name)",
        "range(subscriber.name)",
        "dict(a=subscriber.name)|string",
        "subscriber",
        "subscriber|string",
        "subscriber ~ ''",
        "subscriber|length",
    ],
)
def test_operator_or_expression_refuses_a_slot(compiled: Compile, expression: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(f"<mj-text>{{{{ {expression} }}}}</mj-text>")
    assert caught.value.line == 4


@pytest.mark.parametrize(
    "statement",
    [
        "{% if subscriber.name %}x{% endif %}",
        "{% if subscriber %}x{% endif %}",
        "{% if links.unsubscribe %}x{% endif %}",
        "{% for letter in subscriber.name %}x{% endfor %}",
        "{% for field in subscriber %}x{% endfor %}",
        "{% if issue.recipient_number > 3 %}x{% endif %}",
        "{% filter upper %}{{ subscriber.name }}{% endfilter %}",
        "{% set x %}{{ subscriber.name }}{% endset %}{{ x|upper }}",
        "{% set x %}{{ subscriber.name }}{% endset %}{{ x[2:] }}",
        "{% set x %}{{ subscriber.name }}{% endset %}{{ x.upper() }}",
        "{% set x %}{{ subscriber.name }}{% endset %}{{ x|length }}",
        "{% set x %}{{ subscriber.name }}{% endset %}{% if x is upper %}x{% endif %}",
        "{% macro m() %}{{ subscriber.name }}{% endmacro %}{{ m()|title }}",
        "{% call(x) subscriber.name() %}{% endcall %}",
        "{% with x = subscriber.name %}{% if x %}x{% endif %}{% endwith %}",
    ],
)
def test_statement_refuses_a_slot(compiled: Compile, statement: str) -> None:
    with pytest.raises(TemplateError):
        compiled(f"<mj-text>{statement}</mj-text>")


CAPTURE = "{% set x %}{{ subscriber.name }}{% endset %}{{ x }}"
MACRO = "{% macro m(n) %}{{ n }}{% endmacro %}{{ m(subscriber.name) }}"


@pytest.mark.parametrize(
    "body",
    [
        CAPTURE + "{% if x %}y{% endif %}",
        CAPTURE + "{% if not x %}y{% endif %}",
        CAPTURE + '{% if x == "Анна" %}y{% endif %}',
        CAPTURE + '{{ "y" if x else "n" }}',
        CAPTURE + "{% for c in x %}{{ c }}{% endfor %}",
        CAPTURE + '{{ "b" in x }}',
        CAPTURE + "{{ x[0] }}",
        CAPTURE + "{{ x.isdigit() }}",
        CAPTURE + "{% set y = x %}{% if y %}y{% endif %}",
        CAPTURE + "{% set y %}{{ x }}{% endset %}{% if y %}y{% endif %}",
        CAPTURE + "{% if x and true %}y{% endif %}",
        CAPTURE + "{% if x is string %}y{% endif %}",
        MACRO + '{% if m(subscriber.name) == "" %}y{% endif %}',
        MACRO + "{% if m(n=subscriber.name) %}y{% endif %}",
        "{% macro m() %}{{ subscriber.name }}{% endmacro %}{{ m() }}{% if m() %}y{% endif %}",
        "{% macro m() %}{{ links.unsubscribe }}{% endmacro %}{% set z = m() %}{{ z }}{% if z %}y{% endif %}",
        "{% set x %}{{ issue.recipient_number }}{% endset %}{{ x }}{% if x %}y{% endif %}",
    ],
)
def test_branch_on_captured_text_with_a_slot_is_refused(compiled: Compile, body: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(f"<mj-text>\n{body}</mj-text>")
    assert caught.value.line == 5


def test_captured_text_may_be_printed_and_text_without_a_slot_decided_by(compiled: Compile) -> None:
    done = compiled(
        "<mj-text>" + CAPTURE + MACRO + "{% set y %}{{ item.title }}{% endset %}{% if y %}да{% endif %}"
        "{% macro k(n) %}{{ n }}{% endmacro %}{% if k(item.title) %}да{% endif %}</mj-text>"
    )
    html = done.compiled.variants[""].html
    assert sum(not isinstance(piece, str) and piece.field == "subscriber.name" for piece in html) == 2
    assert "дада" in "".join(piece for piece in html if isinstance(piece, str))


def test_branch_on_a_slot_says_how_to_print_with_a_fallback(compiled: Compile) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled("<mj-text>{% if subscriber.name %}Привет{% endif %}</mj-text>")
    assert "phrase(" in caught.value.fix
    assert "variants" in caught.value.fix


def test_unknown_field_is_named_with_the_known_ones(compiled: Compile) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled("<mj-text>\n\n{{ subscriber.nmae }}</mj-text>")
    assert caught.value.line == 6
    assert "did you mean subscriber.name?" in caught.value.fix


def test_allowed_filters_become_steps_in_their_order(compiled: Compile) -> None:
    done = compiled('<mj-text>{{ subscriber.name|default("друг")|prefix(", ") }}</mj-text>')
    slot = next(slot for slot in done.compiled.slots if slot.field == "subscriber.name")
    assert slot.resolve({"subscriber.name": ""}) == ", друг"
    assert slot.resolve({"subscriber.name": "<Ия>"}) == ", &lt;Ия&gt;"


def test_phrase_gives_the_whole_sentence_or_the_other_one(compiled: Compile) -> None:
    done = compiled('<mj-text>{{ subscriber.name|phrase("Здравствуйте, {}!", "Здравствуйте!") }}</mj-text>')
    slot = next(slot for slot in done.compiled.slots if slot.field == "subscriber.name")
    assert slot.resolve({"subscriber.name": "Ия"}) == "Здравствуйте, Ия!"
    assert slot.resolve({"subscriber.name": ""}) == "Здравствуйте!"


@pytest.mark.parametrize(
    "filter_", ["phrase('a', 'b')", "phrase('{}')", "default()", "prefix(1)", "default(item.title, true)"]
)
def test_allowed_filter_with_wrong_arguments_is_an_error(compiled: Compile, filter_: str) -> None:
    with pytest.raises(TemplateError):
        compiled(f"<mj-text>{{{{ subscriber.name|{filter_} }}}}</mj-text>")


def test_stock_default_still_serves_plain_values(compiled: Compile) -> None:
    done = compiled("<mj-text>{{ nothing|default('запас') }}{{ issue.date_text|default('нет', true) }}</mj-text>")
    assert "запаснет" in "".join(p for p in done.compiled.variants[""].html if isinstance(p, str))


def test_settings_default_stands_before_the_filters(compiled: Compile) -> None:
    from newsletter.settings import Settings, SubscriberField, SubscriberSettings

    fields = {"city": SubscriberField(default="Зареченск")}
    done = compiled(
        "<mj-text>{{ subscriber.city|prefix('г. ') }}</mj-text>",
        settings=Settings(subscriber=SubscriberSettings(fields=fields)),
    )
    slot = next(slot for slot in done.compiled.slots if slot.field == "subscriber.city")
    assert slot.resolve({"subscriber.city": ""}) == "г. Зареченск"


def test_nonce_stands_in_none_of_the_texts() -> None:
    first = find_nonce([])
    second = find_nonce([f"text with {first.upper()} in it"])
    assert first != second
    assert find_nonce([f"text with {first.upper()} in it"]) == second


def test_fragment_of_a_token_is_found_in_any_case() -> None:
    tokens = Tokens(nonce=find_nonce([]))
    for text in (tokens.nonce.upper(), tokens.nonce[:6], f"<p>{tokens.nonce.title()}</p>"):
        with pytest.raises(TemplateError):
            tokens.assert_no_fragment(text, "t")
    tokens.assert_no_fragment("обычный text", "t")


def test_slot_use_without_filters_has_no_fallback() -> None:
    assert not SlotUse(field="subscriber.name", context="text").has_fallback
    assert SlotUse(field="links.unsubscribe", context="url").has_fallback
