"""templates/README.md says what a template may use: no name too few, none too many, and every file of the theme."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from jinja2 import Environment, nodes

from newsletter.content import item as records
from newsletter.render.cards import Card
from newsletter.render.slots import ALLOWED_FILTERS
from newsletter.render.template import FILTERS, LINKS, SUBSCRIBER_BUILT_INS, VARIABLES
from newsletter.render.view import Bar, Bars, BlockView, IssueView, ItemView, LineView, attributes
from newsletter.settings import Brand, Office

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
README = (TEMPLATES / "README.md").read_text(encoding="utf-8")
THEMES = ("press", "plain")
FILES = sorted(path for theme in THEMES for path in (TEMPLATES / theme).rglob("*") if path.is_file())
BLOCKS = get_args(records.Block)
KINDS = sorted(block.kind for block in BLOCKS)

# What the theme calls a record → the record.
RECORDS = {"card": Card, "line": LineView, "item.series": Bars, "point": Bar, "office": Office, "brand": Brand}


def documented(section: str) -> set[str]:
    """Return the names in the first column of the tables of one section."""
    part = re.search(rf"^##+ {re.escape(section)}\n(.*?)(?=^##? |\Z)", README, re.DOTALL | re.MULTILINE)
    assert part is not None, section
    return set(re.findall(r"^\| `([^`]+)` \|", part[1], re.MULTILINE))


def known_variables() -> set[str]:
    names = {f"issue.{name}" for name in attributes(IssueView)} - {"issue.recipient_number"}
    names |= {f"item.{name}" for name in attributes(ItemView)}
    for root, record in RECORDS.items():
        names |= {f"{root}.{name}" for name in attributes(record)}
    names |= {f"region.{f.name}" for f in dataclasses.fields(records.Region)} - {"region.proposed", "region.rule"}
    names |= {"item.button.text", "item.button.href"}
    for block in BLOCKS:
        names |= {f"block.{f.name}" for f in dataclasses.fields(block)}
    names |= {f"block.{name}" for name in BlockView.__slots__ if not name.startswith("_")} | {"block.kind"}
    # Where it came from and by which rule is for checks; a group's figures are shown as its cards.
    names -= {"block.origin", "block.rule", "block.figures"}
    return names | {"archive", "variant", "notes"}


def test_the_readme_names_exactly_the_variables_that_a_template_is_given() -> None:
    assert documented("Variables") == known_variables()


def test_every_root_that_a_template_is_given_is_in_the_readme() -> None:
    roots = {name.split(".")[0] for name in documented("Variables") | documented("Slots")}
    assert set(VARIABLES) <= roots


def test_the_readme_names_exactly_the_slots_and_their_filters() -> None:
    slots = {f"subscriber.{name}" for name in SUBSCRIBER_BUILT_INS} | {f"links.{name}" for name in LINKS}
    assert documented("Slots") == slots | {"issue.recipient_number"} | set(ALLOWED_FILTERS)


def test_the_readme_names_exactly_the_filters() -> None:
    assert documented("Filters") == set(FILTERS)


@pytest.mark.parametrize("theme", THEMES)
def test_the_readme_lists_exactly_the_files_of_a_theme(theme: str) -> None:
    own = {path.relative_to(TEMPLATES).as_posix() for path in FILES if path.is_relative_to(TEMPLATES / theme)}
    assert documented(f"Files of the theme `{theme}`") == own


@pytest.mark.parametrize("folder", ["blocks/{}.mjml", "text/{}.txt"])
def test_each_kind_of_block_has_a_file_in_both_parts(folder: str) -> None:
    missing = [kind for kind in KINDS if not (TEMPLATES / "press" / folder.format(kind)).is_file()]
    assert not missing


def names_used(tree: nodes.Template) -> Iterator[str]:
    """Yield "root.attribute…" for each look-up in a template."""
    for node in tree.find_all(nodes.Getattr):
        parts = [node.attr]
        inner = node.node
        while isinstance(inner, nodes.Getattr):
            parts.append(inner.attr)
            inner = inner.node
        if isinstance(inner, nodes.Name):
            yield ".".join([inner.name, *reversed(parts)])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_the_theme_uses_no_name_that_the_readme_does_not_explain(path: Path) -> None:
    explained = documented("Variables") | documented("Slots") | {"notes.number"}
    roots = {name.split(".")[0] for name in explained}
    used = set(names_used(Environment().parse(path.read_text(encoding="utf-8"))))  # noqa: S701
    unexplained = {
        name
        for name in used
        if name.split(".")[0] in roots and not any(name == known or name.startswith(known + ".") for known in explained)
    }
    assert not unexplained


@pytest.mark.parametrize("theme", THEMES)
def test_the_words_are_the_same_in_every_language(theme: str) -> None:
    source = (TEMPLATES / theme / "words.jinja").read_text(encoding="utf-8")
    module = Environment().from_string(source).module  # noqa: S701
    words: dict[str, dict[str, str]] = module.words  # type: ignore[attr-defined]
    assert set(words["ru"]) == set(words["en"])
    assert all(text.strip() for language in words.values() for text in language.values())
