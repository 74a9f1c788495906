"""The text part's tools."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.content.item import Span
from newsletter.render.plaintext import WIDTH, Notes, columns, finish, underline, wrap
from newsletter.render.slots import Slot, Tokens

TOKENS = Tokens(nonce="zqjbbbbvx")
LINK, NAME = TOKENS.token_for(Slot("links.unsubscribe")), TOKENS.token_for(Slot("subscriber.name"))


def test_long_text_is_wrapped_with_its_indents() -> None:
    lines = wrap("слово " * 40, first="  – ", rest="    ").split("\n")
    assert lines[0].startswith("  – слово")
    assert all(line.startswith("    слово") for line in lines[1:])
    assert max(map(len, lines)) <= WIDTH


def test_no_break_space_is_no_place_to_break() -> None:
    assert "248\u00a0млн" in wrap("а " * 34 + "248\u00a0млн рублей")


def test_underline_is_as_long_as_the_longest_line() -> None:
    title, line = underline("Короткий заголовок").split("\n")
    assert len(title) == len(line)


def test_links_are_numbered_once_each() -> None:
    notes = Notes()
    text = (Span(text="сайт", href="https://a.example/"), Span(text=" и "), Span(text="ещё", href="https://b.example/"))
    assert notes.mark(text) == "сайт [1] и ещё [2]"
    assert notes.mark(text[:1]) == "сайт [1]"
    assert list(notes) == [(1, "https://a.example/"), (2, "https://b.example/")]


def test_address_written_out_needs_no_number() -> None:
    notes = Notes()
    assert notes.mark((Span(text="https://a.example/", href="https://a.example/"),)) == "https://a.example/"
    assert len(notes) == 0


def test_columns_are_filled_up() -> None:
    assert columns("а", 4) + "|" == "а   |"


def test_line_breaks_before_a_link_that_could_overrun_it() -> None:
    assert finish(f"Отписаться: {LINK}", TOKENS) == f"Отписаться:\n{LINK}\n"


def test_short_value_stays_on_its_line() -> None:
    assert finish(f"Здравствуйте, {NAME}!", TOKENS) == f"Здравствуйте, {NAME}!\n"
    long = "а" * 50
    assert finish(f"{long} {NAME}", TOKENS) == f"{long}\n{NAME}\n"


@given(st.text(alphabet="аб \n\r-", max_size=200))
@settings(max_examples=150, deadline=None)
def test_finished_text_has_no_trailing_blank_and_no_two_empty_lines(text: str) -> None:
    lines = finish(text, TOKENS).split("\n")
    assert lines[-1] == ""
    assert all(line == line.rstrip() for line in lines)
    assert "\n\n\n" not in "\n".join(lines)
    assert finish("\n".join(lines), TOKENS) == "\n".join(lines)


@given(st.text(alphabet="абв \u00a0,.-", max_size=400))
@settings(max_examples=150, deadline=None)
def test_wrapping_keeps_every_word(text: str) -> None:
    assert wrap(text).split() == text.split() or "".join(wrap(text).split()) == "".join(text.split())
