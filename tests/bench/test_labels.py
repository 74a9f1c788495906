"""The labels of tests/data are about their texts: every label stands there, once, in the form the README promises."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[1] / "data"
LABELS = sorted(DATA.glob("*/[0-9][0-9]-*.toml"))
PARTS_OF_THE_WORLD = {"СНГ", "Европа", "Азия", "Африка", "Латинская Америка", "Россия"}

every_label = pytest.mark.parametrize("label", LABELS, ids=lambda path: f"{path.parent.name}-{path.stem}")


def text_of(label: Path) -> str:
    source = next(file for suffix in (".txt", ".md") if (file := label.with_suffix(suffix)).exists())
    return squeezed(source.read_text(encoding="utf-8").replace("**", ""))


def squeezed(words: str) -> str:
    return " ".join(words.split())


def flat(words: str) -> str:
    return re.sub(r"[«»„“”\"]|\s(?=%)", "", squeezed(words)).casefold()


def read(label: Path) -> dict[str, Any]:
    return tomllib.loads(label.read_text(encoding="utf-8"))


def test_there_are_forty_items_and_eight_held_out() -> None:
    held_out = [label for label in LABELS if label.parent.name == "heldout"]
    assert (len(LABELS), len(held_out)) == (48, 8)


def test_the_held_out_items_label_enough_places_to_say_something() -> None:
    held_out = [read(label).get("places", {}) for label in LABELS if label.parent.name == "heldout"]
    assert sum(len(named) for places in held_out for part, named in places.items() if part != "not_destinations") >= 15


@every_label
def test_what_a_label_names_stands_in_the_text(label: Path) -> None:
    found, text = read(label), flat(text_of(label))
    item = found["item"]
    words = [item["title"], item["lead_begins"], item["closing_begins"]]
    words += [quote["begins"] for quote in found.get("quotes", [])]
    words += [figure["text"] for figure in found.get("figures", [])]
    assert [each for each in words if flat(each) not in text] == []


@every_label
def test_names_stand_in_the_text_as_written_and_once_in_the_label(label: Path) -> None:
    found, text = read(label), text_of(label)
    for key in ("people", "organisations"):
        names = found[key]
        assert [name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)] == []
        places = [text.index(name) for name in names]
        assert places == sorted(places), names
        assert len({flat(name) for name in names}) == len(names)


@every_label
def test_a_person_has_two_parts_of_a_name_and_every_speaker_is_a_person(label: Path) -> None:
    found = read(label)
    people = [starts(name) for name in found["people"]]
    assert all(len(parts) >= 2 for parts in people)
    for quote in found.get("quotes", []):
        if quote["speaker"]:
            assert starts(quote["speaker"]) in people, quote["speaker"]


def starts(name: str) -> set[str]:
    """Return how the parts of a name begin: the same in every case of the name."""
    return {part[:3] for part in re.findall(r"\w[\w'-]*", name)}


@every_label
def test_a_figure_has_a_known_kind_and_a_value(label: Path) -> None:
    figures = read(label).get("figures", [])
    assert len({flat(figure["text"]) for figure in figures}) == len(figures)
    for figure in figures:
        assert figure["kind"] in {"amount", "count", "share", "ratio"}
        assert figure.get("bound", "") in {"", "more", "less", "about"}
        assert set(figure) <= {"text", "kind", "value", "upper", "bound", "base", "compared"}
        assert 0 < Decimal(figure["value"]) < Decimal(figure.get("upper", "Infinity"))


@every_label
def test_places_are_either_destinations_or_not(label: Path) -> None:
    places = dict(read(label).get("places", {}))
    others = places.pop("not_destinations", [])
    assert set(places) <= PARTS_OF_THE_WORLD
    named = [place for part in places.values() for place in part]
    assert len({*named, *others}) == len(named) + len(others)
    assert all(place[0].isupper() for place in [*named, *others])
