"""How well the rules read press items: precision and recall on labelled items, by field and by rule.

An item NN-name.txt or .md is measured against NN-name.toml beside it; the README there says what the labels mean.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import cast

from newsletter.content.item import Figure, NewsItem, Quote, plain
from newsletter.content.load import load_item
from newsletter.content.trust import is_trusted
from newsletter.errors import InputError
from newsletter.language.numbers import NUMBER, SCALE, value_of
from newsletter.language.recogniser import available, rules_alone

FIELDS = (
    "title",
    "lead",
    "closing",
    "quotes",
    "speaker",
    "role",
    "figures",
    "figure value",
    "places",
    "people",
    "organisations",
)

RULES, MODELS, BOTH = "rules", "models", "both"
Label = Mapping[str, object]


@dataclass(slots=True, kw_only=True)
class Score:
    """How many were found, how many of those are right, and how many a careful reader finds."""

    found: int = 0
    right: int = 0
    wanted: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0

    def count(self, item: str, found: Iterable[Hashable], wanted: Iterable[Hashable]) -> None:
        """Add what was found in an item and what should have been; both without repetition."""
        got, want = set(found), set(wanted)
        self.found += len(got)
        self.wanted += len(want)
        self.right += len(got & want)
        self.wrong += [f"{item}: {entry}" for entry in sorted(map(str, got - want))]
        self.missed += [f"{item}: {entry}" for entry in sorted(map(str, want - got))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The scores of a set of labelled items. A rule's recall means nothing: several rules share a field."""

    items: int
    fields: Mapping[str, Score]
    rules: Mapping[str, Score]

    def as_json(self) -> dict[str, object]:
        return {
            "items": self.items,
            "fields": {
                name: {
                    "precision": score.precision,
                    "recall": score.recall,
                    "found": score.found,
                    "wanted": score.wanted,
                }
                for name, score in self.fields.items()
            },
            "rules": {
                name: {
                    "precision": score.precision,
                    "found": score.found,
                    "right": score.right,
                    "trusted": is_trusted(name, score.right, score.found),
                }
                for name, score in sorted(self.rules.items())
            },
        }

    def __str__(self) -> str:
        lines = [
            f"{self.items} labelled items",
            "",
            f"{'field':<22}{'precision':>10}{'recall':>8}{'found':>7}{'wanted':>8}",
        ]
        for name, score in self.fields.items():
            lines.append(f"{name:<22}{score.precision:>10.2f}{score.recall:>8.2f}{score.found:>7}{score.wanted:>8}")
        lines += ["", f"{'rule':<22}{'precision':>10}{'right':>8}{'found':>7}  its guess is"]
        for name, score in sorted(self.rules.items()):
            verdict = "a fact" if is_trusted(name, score.right, score.found) else "a proposal"
            lines.append(f"{name:<22}{score.precision:>10.2f}{score.right:>8}{score.found:>7}  {verdict}")
        for name, score in self.fields.items():
            lines += [f"wrong {name}: {entry}" for entry in score.wrong]
            lines += [f"missed {name}: {entry}" for entry in score.missed]
        return "\n".join(lines)


def run(*items_dirs: Path, by: str = BOTH) -> str:
    """Return the report on folders of labelled items as text: by the rules alone, with the models, or both columns."""
    reports = measure_by(*items_dirs, by=by)
    if len(reports) == 1:
        return str(next(iter(reports.values())))
    alone, both = reports[RULES], reports[MODELS]
    lines = [f"{'field':<22}{'rules alone: precision':>24}{'recall':>8}{'with models: precision':>24}{'recall':>8}"]
    for name, score in alone.fields.items():
        other = both.fields[name]
        lines.append(
            f"{name:<22}{score.precision:>24.2f}{score.recall:>8.2f}{other.precision:>24.2f}{other.recall:>8.2f}"
        )
    return "\n".join([*lines, "", "With the models:", "", str(both)])


def measure_by(*items_dirs: Path, by: str = BOTH) -> dict[str, Report]:
    """Return the reports by what was used: "rules", "models". Without the extra `ru` the rules are all there is."""
    ways = [way for way in (RULES, MODELS) if by in {way, BOTH} and (way == RULES or available())]
    if not ways:
        raise InputError("the models are not installed", fix='pip install "newsletter[ru]"')
    return {way: measure(*items_dirs, models=way == MODELS) for way in ways}


def measure(*items_dirs: Path, models: bool = True) -> Report:
    """Return the scores of the labelled items in folders, pooled. Raises InputError when one of them has none."""
    with nullcontext() if models else rules_alone():
        return _measure(*items_dirs)


def _measure(*items_dirs: Path) -> Report:
    fields = {name: Score() for name in FIELDS}
    rules: dict[str, Score] = {}
    labels = [label for folder in items_dirs for label in _labels(folder)]
    for path in labels:
        source = cast("Path", _item_of(path))
        item = load_item(source, root=path.parent)
        label = tomllib.loads(path.read_text(encoding="utf-8"))
        _count_text(fields, source.stem, item, cast("Label", label["item"]))
        _count_quotes(fields, rules, source.stem, item, _entries(label, "quotes"))
        _count_figures(fields, rules, source.stem, item, _entries(label, "figures"))
        _count_named(fields, rules, source.stem, item, label)
        _count_places(fields, rules, source.stem, item, cast("Label", label.get("places", {})))
    return Report(items=len(labels), fields=fields, rules=rules)


def _labels(folder: Path) -> list[Path]:
    labels = sorted(path for path in folder.glob("*.toml") if _item_of(path) is not None)
    if not labels:
        raise InputError(
            "there are no labelled items here", path=str(folder), fix="name the folder with NN-name.txt and .toml"
        )
    return labels


def _item_of(label: Path) -> Path | None:
    return next((file for suffix in (".txt", ".md") if (file := label.with_suffix(suffix)).exists()), None)


def _entries(label: Label, name: str) -> list[Mapping[str, str]]:
    return cast("list[Mapping[str, str]]", label.get(name, []))


def same(words: str) -> str:
    """Return words for comparison: without quotation marks, spaces before %, kinds of space, capitals."""
    words = re.sub(r"[«»„“”\"]", "", words.replace("\u00a0", " ").replace("\u202f", " "))
    return re.sub(r"\s+(?=%)", "", " ".join(words.split())).lower().rstrip(".")


def _count_text(fields: Mapping[str, Score], name: str, item: NewsItem, label: Label) -> None:
    title = [] if item.title_proposed else [same(item.title)]
    fields["title"].count(name, title, [same(str(label["title"]))] if label["title"] else [])
    for key, text in (("lead", plain(item.lead)), ("closing", item.closing)):
        begins = same(str(label[f"{key}_begins"]))
        got = same(text)
        fields[key].count(
            name, [begins if begins and got.startswith(begins) else got] if got else [], filter(None, [begins])
        )


def _count_named(
    fields: Mapping[str, Score], rules: dict[str, Score], name: str, item: NewsItem, label: Mapping[str, object]
) -> None:
    for key, named in (("people", item.people), ("organisations", item.organisations)):
        if key not in label:
            continue
        wanted = {same(words) for words in cast("list[str]", label[key])}
        fields[key].count(name, [same(one.text) for one in named], wanted)
        for one in named:
            _tell(rules, one.rule, name, one.text, same(one.text) in wanted)


def _count_quotes(
    fields: Mapping[str, Score], rules: dict[str, Score], name: str, item: NewsItem, label: list[Mapping[str, str]]
) -> None:
    wanted = {same(entry["begins"]): entry for entry in label}
    found: dict[str, Quote] = {}
    for quote in (*item.quotes, *item.spoken):
        words = same(plain(quote.text))
        found[next((begins for begins in wanted if words.startswith(begins)), words)] = quote
    fields["quotes"].count(name, found, wanted)
    for key in ("speaker", "role"):
        got = {(begins, same(getattr(quote, key))) for begins, quote in found.items() if getattr(quote, key)}
        fields[key].count(name, got, {(begins, same(entry[key])) for begins, entry in wanted.items() if entry[key]})
    for begins, quote in found.items():
        entry = wanted.get(begins, {"speaker": "", "role": ""})
        fits = same(quote.speaker) == same(entry["speaker"]) and same(quote.role) == same(entry["role"])
        if quote.rule:
            _tell(rules, quote.rule, name, begins[:40], fits)


def _count_figures(
    fields: Mapping[str, Score], rules: dict[str, Score], name: str, item: NewsItem, label: list[Mapping[str, str]]
) -> None:
    wanted = {same(entry["text"]): entry for entry in label}
    found = {same(figure.text): figure for figure in item.figures}
    told = " | ".join(same(figure.comparison) for figure in item.figures)
    # The other value of a change is found when a figure tells it as what it is compared with.
    compared = {
        text for text, entry in wanted.items() if entry.get("compared") and text not in found and _holds(told, text)
    }
    fields["figures"].count(name, {*found, *compared}, wanted)
    both = [text for text in wanted if text in found]
    got = {(text, *_value(found[text])) for text in both}
    fields["figure value"].count(name, got, {(text, *_wanted_value(wanted[text], found[text])) for text in both})
    for text, figure in found.items():
        right = text in wanted and _value(figure) == _wanted_value(wanted[text], figure)
        _tell(rules, figure.rule, name, text, right)


def _holds(words: str, text: str) -> bool:
    return re.search(rf"(?<![\w,]){re.escape(text)}(?![\w,]\d|\w)", words) is not None


def _value(figure: Figure) -> tuple[str, str, str, str]:
    ends = "…".join(map(_rounded, _ends(figure) if figure.value is None else [figure.value]))
    return figure.kind, ends, figure.bound, figure.base_period


def _wanted_value(entry: Mapping[str, str], found: Figure) -> tuple[str, str, str, str]:
    ends = [Decimal(entry[end]) for end in ("value", "upper") if end in entry]
    return entry["kind"], "…".join(map(_rounded, ends)), entry.get("bound", ""), entry.get("base", found.base_period)


def _ends(figure: Figure) -> list[Decimal]:
    """Return both ends of a range, which has no value of its own, from its number as shown: «3–5» млн рублей."""
    written = f"{figure.number} {figure.unit}"
    ends = re.findall(rf"({NUMBER})\s?({SCALE})?", written)
    scale = next((found for _, found in reversed(ends) if found), "")
    found = [value_of(number, own or scale) for number, own in ends]
    return [end / 100 for end in found] if figure.unit == "%" else found


def _rounded(value: Decimal) -> str:
    return f"{value:.2e}"


def _count_places(
    fields: Mapping[str, Score], rules: dict[str, Score], name: str, item: NewsItem, label: Label
) -> None:
    regions = {key: cast("list[str]", places) for key, places in label.items() if key != "not_destinations"}
    wanted = set(_pairs(regions.items()))
    found = set(_pairs((region.name, region.places) for region in item.regions))
    fields["places"].count(name, found, wanted)
    for pair in found:
        _tell(rules, "places", name, str(pair), pair in wanted)


def _pairs(regions: Iterable[tuple[str, Iterable[str]]]) -> Iterator[tuple[str, str]]:
    for region, places in regions:
        yield from ((region, place) for place in places)


def _tell(rules: dict[str, Score], rule: str, item: str, what: str, right: bool) -> None:
    score = rules.setdefault(rule, Score())
    score.found += 1
    score.right += right
    if not right:
        score.wrong.append(f"{item}: {what}")
