"""Only text, numbers and dates are printed: what Python would write in their place is an error with its line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.content.item import Span
from newsletter.errors import TemplateError
from newsletter.render.compile import Compilation

Compile = Callable[..., Compilation]
NewsItem = Callable[..., Any]


def html(compilation: Compilation) -> str:
    return "".join(piece for piece in compilation.compiled.variants[""].html if isinstance(piece, str))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{{ item.lead }}", "item.lead is formatted text"),
        ("{{ item.lead|trim }}", "item.lead is formatted text"),
        ("{{ item.lead|upper }}", "item.lead is formatted text"),
        ('{{ item.lead ~ "!" }}', "item.lead is formatted text"),
        ('{{ [item.title, item.lead]|join(", ") }}', "item.lead is formatted text"),
        ('{{ "%s"|format(item.lead) }}', "item.lead is formatted text"),
        ("{% for block in item.blocks %}{{ block.text }}{% endfor %}", "block.text is formatted text"),
        ("{{ item.title }} {{ item.lead }}", "item.lead is formatted text"),
        ("{{ item.blocks }}", "item.blocks is a list"),
        ("{{ item.blocks|map(attribute='kind') }}", "this is a list"),
        ("{{ item }}", "item is a record"),
        ("{% for block in item.blocks %}{{ block }}{% endfor %}", "block is a record"),
        ("{{ variant }}", "variant is a dict"),
        ("{{ item.series }}", "item.series is nothing here"),
        ("{{ archive }}", "archive is yes or no"),
        ("{% macro a() %}x{% endmacro %}{{ a }}", "a is a function"),
        ("{{ item.title.upper }}", "item.title.upper is a function"),
        ("{{ none }}", "this is nothing here"),
        ("{{ true }}", "this is yes or no"),
        ("{{ [1] }}", "this is a list"),
        ("{{ range }}", "range is a function"),
    ],
)
def test_what_is_no_text_is_not_printed(compiled: Compile, written: str, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(f"<mj-text>\n{written}</mj-text>")
    assert said in caught.value.message
    assert (caught.value.path, caught.value.line) == ("templates/t/letter.mjml", 5)
    assert caught.value.fix


def test_formatted_text_is_said_how_to_print(compiled: Compile) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled("<mj-text>{{ item.lead }}</mj-text>")
    assert caught.value.fix == "print it with |inline in .mjml, with |notes or |plain in .txt"


def test_a_lead_without_words_is_no_pair_of_brackets(compiled: Compile, news_item: NewsItem) -> None:
    with pytest.raises(TemplateError, match=r"item\.lead is an empty list or formatted text"):
        compiled("<mj-text>{{ item.lead }}</mj-text>", item=news_item(lead=()))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("{{ item.lead|inline }}", "Вводка."),
        ("{{ item.lead|plain|upper }}", "ВВОДКА."),
        ('{{ item.title ~ " " ~ 7 }}', "Заголовок 7"),
        ("{{ loop_ends|default(3.5) }}", "3.5"),
        ("[{{ 'x' if false }}]", "[]"),
        ("{{ 'а<б' }} {{ 7 }}", "а&lt;б 7"),
        ("{% macro a() %}<b>x</b>{% endmacro %}{{ a() }}", "<b>x</b>"),
        ('{{ item.blocks|map(attribute="kind")|join(" ") }}', "paragraph"),
        ('{{ item.blocks|join(" ", attribute="kind") }}', "paragraph"),
        ("{{ item.title|truncate(4, true, '...', 0) }}", "З..."),
    ],
)
def test_text_and_numbers_are_printed(compiled: Compile, written: str, shown: str) -> None:
    assert shown in html(compiled(f"<mj-text>{written}</mj-text>"))


def test_markup_is_refused_in_the_text_part(compiled: Compile, news_item: NewsItem) -> None:
    item = news_item(lead=(Span(text="да", bold=True),))
    with pytest.raises(TemplateError, match=r"\|inline makes HTML") as caught:
        compiled(item=item, text="\n{{ item.lead|inline }}\n{{ links.unsubscribe }}")
    assert (caught.value.path, caught.value.line) == ("templates/t/letter.txt", 2)
