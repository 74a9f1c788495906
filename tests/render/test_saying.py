"""The filters that say a number in words, as a theme uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from newsletter.errors import TemplateError

Compile = Callable[..., Any]


def html(compilation: Any) -> str:
    return "".join(piece for piece in compilation.compiled.variants[""].html if isinstance(piece, str))


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ('3 {{ 3|plural("новость", "новости", "новостей") }}', "3 новости"),
        ('{{ issue.items|length|plural("item", "items") }}', ">item<"),
        ("{{ 12500.5|number }}", "12\u00a0500,5"),
        ("{{ 2500000000|money }}", "2,5\u00a0млрд рублей"),
        ('{{ 0.125|share("each") }}', "каждый восьмой"),
        ("{{ 2|times }}", "вдвое"),
    ],
)
def test_a_number_is_said(compiled: Compile, said: str, wanted: str) -> None:
    shown = html(compiled(f"<mj-text>{said}</mj-text>"))
    assert wanted in shown.replace("\n", "")


@pytest.mark.parametrize(
    "wrong", ['{{ 1|plural("a") }}', '{{ "x"|money }}', '{{ 1|money("XXX") }}', '{{ 1|share("b") }}']
)
def test_what_cannot_be_said_is_an_error_with_its_line(compiled: Compile, wrong: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(f"<mj-text>\n{wrong}</mj-text>")
    assert (caught.value.path, caught.value.line) == ("templates/t/letter.mjml", 5)
