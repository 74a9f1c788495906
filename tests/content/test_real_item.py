"""The real press item against its answer key; both lie outside the project."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from newsletter.bench.extract import same
from newsletter.content.item import NewsItem, plain
from newsletter.content.load import load_item

pytestmark = pytest.mark.real_item


@pytest.fixture(scope="module")
def item(real_item_path: Path) -> NewsItem:
    return load_item(real_item_path, root=real_item_path.parent)


@pytest.fixture(scope="module")
def facts(real_item_path: Path) -> dict[str, Any]:
    return tomllib.loads((real_item_path.parent / "facts.toml").read_text(encoding="utf-8"))


def test_it_has_no_title_and_the_proposed_one_is_flagged(item: NewsItem, facts: dict[str, Any]) -> None:
    assert facts["item"]["title"] == ""
    assert item.title_proposed
    assert 20 <= len(item.title) <= 90


def test_its_figures_are_those_of_the_key_in_their_order(item: NewsItem, facts: dict[str, Any]) -> None:
    assert [same(figure.text) for figure in item.figures] == [same(entry["text"]) for entry in facts["figures"]]
    assert not any(figure.proposed for figure in item.figures)


def test_its_speakers_and_roles_are_those_of_the_key(item: NewsItem, facts: dict[str, Any]) -> None:
    assert len(item.quotes) == len(facts["quotes"])
    for quote, entry in zip(item.quotes, facts["quotes"], strict=True):
        assert quote.speaker == entry["speaker"]
        assert quote.origin.line == entry["paragraph"]
        # The key says of the first: "the full role is longer".
        assert same(quote.role) == same(entry["role"]) or same(quote.role).startswith(same(entry["role"]) + " ")
        assert not quote.proposed


def test_its_destinations_are_those_of_the_key(item: NewsItem, facts: dict[str, Any]) -> None:
    places = dict(facts["places"])
    contacts = places.pop("not_destinations")
    assert {region.name: list(region.places) for region in item.regions} == places
    assert not set(contacts) & {name for region in item.regions for name in (region.name, *region.places)}


def test_its_closing_call_is_no_content(item: NewsItem, facts: dict[str, Any], real_item_path: Path) -> None:
    paragraphs = real_item_path.read_text(encoding="utf-8").strip().split("\n")
    assert len(paragraphs) == facts["item"]["paragraphs"]
    assert item.closing == paragraphs[-1]
    assert not any(item.closing in plain(getattr(block, "text", ())) for block in item.blocks)
    assert plain(item.lead) == paragraphs[0]


def test_its_own_ratios_make_the_series(item: NewsItem) -> None:
    assert item.series is not None
    assert [(point.label, int(point.value), point.derived) for point in item.series.points] == [
        ("2019", 55_000_000, True),
        ("2020", 92_000_000, True),
        ("2021", 248_000_000, False),
    ]
    assert item.series.points[0].text == "≈ 55 млн рублей"
