"""Colours: read, mixed, compared, and turned by force, with the published figures as oracle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.check.colour import BLACK, WHITE, Colour, darkened, inverted_fully, lightened, ratio, read_colour

PART = st.floats(0, 1)
COLOURS = st.builds(Colour, PART, PART, PART)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("#0b5f6b", "#0b5f6b"),
        ("#FFF", "#ffffff"),
        ("red", "#ff0000"),
        ("rgb(11, 95, 107)", "#0b5f6b"),
        ("rgba(0,0,0,.5)", "#000000"),
        ("hsl(120, 100%, 50%)", "#00ff00"),
    ],
)
def test_a_colour_is_read_however_it_is_written(value: str, shown: str) -> None:
    assert str(read_colour(value)) == shown


@pytest.mark.parametrize("value", ["", "inherit", "currentcolor", "#12", "url(x)", "rgb(", "((((", "1px solid red"])
def test_what_is_no_colour_is_none(value: str) -> None:
    assert read_colour(value) is None


def test_the_contrast_is_that_of_wcag() -> None:
    assert ratio(BLACK, WHITE) == pytest.approx(21)
    grey = read_colour("#767676")
    assert grey is not None
    assert ratio(WHITE, grey) == pytest.approx(4.54, abs=0.005)


def test_half_of_black_over_white_is_grey() -> None:
    half = read_colour("rgba(0,0,0,.5)")
    assert half is not None
    assert str(half.over(WHITE)) == "#808080"


def test_white_becomes_the_ground_of_roosterjs_and_black_white() -> None:
    assert str(inverted_fully(WHITE)) == "#333333"
    assert str(inverted_fully(BLACK)) == "#ffffff"


def test_android_darkens_a_white_ground_and_leaves_a_dark_one() -> None:
    assert ratio(darkened(WHITE), WHITE) > 15
    assert darkened(BLACK) == BLACK
    assert str(lightened(BLACK)) == "#ffffff"
    assert lightened(WHITE) == WHITE


@examples(max_examples=200, deadline=None)
@given(one=COLOURS, other=COLOURS)
def test_a_forced_dark_mode_goes_one_way_only(one: Colour, other: Colour) -> None:
    assert 1 <= ratio(one, other) <= 21.000001
    assert ratio(darkened(one), BLACK) <= ratio(one, BLACK) + 0.15
    assert ratio(lightened(one), BLACK) >= ratio(one, BLACK) - 0.15
    assert len(str(inverted_fully(one))) == 7


@examples(max_examples=200, deadline=None)
@given(value=st.one_of(st.text(max_size=20), st.text("rgbhsla(),.%/ 0123456789#-noneinfNaN", max_size=24)))
def test_no_value_is_too_odd_to_read(value: str) -> None:
    found = read_colour(value)
    assert found is None or all(0 <= part <= 1 for part in (found.red, found.green, found.blue, found.alpha))
