"""Spans of people, organisations and places in Russian text, by the models that come in natasha's wheel (extra `ru`).

Only spans are taken: the models' normal forms lose ё and mangle the names of departments. natasha itself is never
imported, only its data files are read: of its code the recogniser needs navec (word vectors) and slovnet (NER), half
the loading time, and not pymorphy2, which fails on Python 3.12 (libraries: natasha issue 120). pymorphy3 is asked for
the dictionary form of words that no table of ours knows. Everything is read from files, nothing from the network.

Loaded at first need, some 0.5 s and 130 MB; one thread, so that every machine adds in the same order.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, NamedTuple

Kind = Literal["person", "organisation", "place"]

_KINDS: Mapping[str, Kind] = {"PER": "person", "ORG": "organisation", "LOC": "place"}
_NEEDED = ("natasha", "navec", "slovnet", "pymorphy3")
_EMBEDDING = "emb/navec_news_v1_1B_250K_300d_100q.tar"
_MODEL = "model/slovnet_ner_news_v1.tar"
_rules_alone: ContextVar[bool] = ContextVar("rules_alone", default=False)


class Entity(NamedTuple):
    """A stretch of a text that names somebody, some organisation or some place."""

    start: int
    end: int
    kind: Kind


def available() -> bool:
    """Claim that the extra `ru` is installed, all of it, and not switched off by `rules_alone`."""
    return not _rules_alone.get() and _installed()


@cache
def _installed() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in _NEEDED) and (_data() / _MODEL).exists()


@contextmanager
def rules_alone() -> Iterator[None]:
    """Switch the models off inside a `with`: how a measurement tells what they add."""
    token = _rules_alone.set(True)
    try:
        yield
    finally:
        _rules_alone.reset(token)


def versions() -> dict[str, str]:
    """Return the version of each library of the extra, "absent" without it: what an item says depends on them."""
    return {name: _version(name) for name in ("natasha", "pymorphy3")}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def find_entities(text: str) -> tuple[Entity, ...]:
    """Return the people, organisations and places of a text in its order; none where the models are not available."""
    return _entities(text) if text.strip() and available() else ()


@lru_cache(maxsize=1024)  # a model says the same of the same words; of an edited item all paragraphs but one are those
def _entities(text: str) -> tuple[Entity, ...]:
    return tuple(Entity(span.start, span.stop, _KINDS[span.type]) for span in _recogniser()(text).spans)


def place_name(words: str) -> str:
    """Return one word in any case as the nominative of a place's name; empty when the dictionary has no such place."""
    if not words.strip() or " " in words or not available():
        return ""
    parsed = [parse for parse in _dictionary().parse(words) if {"Geox", "sing"} <= parse.tag.grammemes]
    named = parsed[0].inflect({"nomn"}) if parsed else None
    return "-".join(part.capitalize() for part in named.word.split("-")) if named else ""


def is_first_name(word: str, case: str) -> bool:
    """Claim that the dictionary knows a word as a first name in a case: "nomn", "gent" …"""
    if not available():
        return False
    return any({"Name", case, "sing"} <= parse.tag.grammemes for parse in _dictionary().parse(word))


def first_name_from_genitive(word: str) -> tuple[str, Literal["m", "f"]] | None:
    """Return a first name in the genitive as its nominative and gender; None when the dictionary knows no such name."""
    if not available():
        return None
    for parse in _dictionary().parse(word):
        if {"Name", "gent", "sing"} <= parse.tag.grammemes and (named := parse.inflect({"nomn"})):
            return named.word.capitalize(), "f" if "femn" in parse.tag.grammemes else "m"
    return None


@cache
def _recogniser() -> Callable[[str], Any]:
    # Before numpy is first imported: several threads would take address space that the compiling child is not given.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    import slovnet  # type: ignore[import-untyped]

    recogniser = slovnet.NER.load(str(_data() / _MODEL))
    recogniser.navec(_embedding(_data() / _EMBEDDING))
    return recogniser  # type: ignore[no-any-return]  # slovnet carries no types


def _embedding(path: Path) -> Any:
    """Return the word vectors as `Navec.load` does, but without its tables for comparing words: 100 MB, 0.2 s."""
    import numpy as np
    from navec import Navec  # type: ignore[import-untyped]
    from navec.meta import Meta  # type: ignore[import-untyped]
    from navec.pq import PQ  # type: ignore[import-untyped]
    from navec.tar import Tar  # type: ignore[import-untyped]
    from navec.vocab import Vocab  # type: ignore[import-untyped]

    class Vectors(PQ):  # type: ignore[misc]
        def precompute(self) -> None:
            self.qdims = np.arange(self.qdim)

    with Tar(str(path)) as tar:
        meta = Meta.from_file(tar.load("meta.json"))
        Meta.check_protocol(meta.protocol)
        vocabulary = Vocab.from_file(tar.load("vocab.bin"))
        return Navec(meta, vocabulary, Vectors.from_file(tar.load("pq.bin")))


@cache
def _dictionary() -> Any:
    import pymorphy3  # type: ignore[import-untyped]

    return pymorphy3.MorphAnalyzer()


@cache
def _data() -> Path:
    """Return the folder of natasha's data without importing natasha."""
    spec = importlib.util.find_spec("natasha")
    folders = (spec.submodule_search_locations or ()) if spec is not None else ()
    return next((Path(folder) / "data" for folder in folders), Path())
