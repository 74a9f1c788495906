"""An error of a template says what the writer can act on: the name, the file, the line, the nearest right one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.errors import TemplateError
from newsletter.render.compile import Compilation

Compile = Callable[..., Compilation]
WORDS = '{%- set words = {\n"ru": {"hello": "Привет!", "named": "Привет, {}!", "contents": "Далее"},\n} -%}'
USE = '{% from "./words.jinja" import words %}{% set t = words["ru"] %}'


def fault(compiled: Compile, written: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        compiled(f"<mj-text>{USE}\n{written}</mj-text>", words__jinja=WORDS)
    assert (caught.value.path, caught.value.line) == ("templates/t/letter.mjml", 5)
    return caught.value


@pytest.mark.parametrize(
    "written",
    ["{{ subscriber.name|phrase(t.named, t.helo) }}", "{{ t.helo }}", '{{ t["helo"] }}', '{{ t.helo ~ "!" }}'],
)
def test_an_unknown_word_is_named_with_its_file_and_the_nearest_one(compiled: Compile, written: str) -> None:
    error = fault(compiled, written)
    assert "there is no word t" in error.message
    assert "templates/t/words.jinja" in error.message
    assert error.fix == "did you mean 'hello'?"


def test_an_unknown_key_of_another_dict_is_told_by_the_name_of_the_dict(compiled: Compile) -> None:
    error = fault(compiled, '{% set sizes = {"small": 14} %}{{ sizes.smal }}')
    assert (error.message, error.fix) == ("sizes has no 'smal'", "did you mean 'small'?")


def test_a_word_that_resembles_none_is_to_be_added(compiled: Compile) -> None:
    assert fault(compiled, "{{ t.zzzzzz }}").fix == "add it there"


@pytest.mark.parametrize("written", ["{{ item.title }</b>", "{% if item.title }<b>"])
def test_brackets_that_are_not_closed_are_said_to_be(compiled: Compile, written: str) -> None:
    error = fault(compiled, written)
    assert "is not closed" in error.fix


def test_a_template_of_another_theme_is_said_how_to_name(compiled: Compile) -> None:
    error = fault(compiled, '{% include "../press/head.mjml" %}')
    assert '"./…" is the folder of this template, "press/…" that of theme press' in error.fix


def test_the_nearest_template_is_named(compiled: Compile) -> None:
    assert fault(compiled, '{% include "./word.jinja" %}').fix == 'did you mean "./words.jinja"?'


def test_an_unknown_filter_is_told_with_the_nearest_one(compiled: Compile) -> None:
    assert "did you mean inline?" in fault(compiled, "{{ item.lead|inlin }}").fix
