"""What mail programs support, by the data of Can I email (`data/caniemail.json`, made by tools/trim_caniemail.py)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypedDict

Support = Literal["y", "a", "n", "u"]  # yes, almost, no, unknown

OUTLOOK = "outlook.windows"  # the Word engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    slug: str
    title: str
    answers: Mapping[str, str]  # client → as in the data: "a #1 #2"
    notes: Mapping[str, str]

    def support(self, client: str) -> Support:
        letter = self.answers.get(client, "u")[:1]
        return letter if letter in ("y", "a", "n") else "u"  # type: ignore[return-value]

    def note(self, client: str) -> str:
        """Return what the data say of this client beyond yes and no, on one line."""
        numbers = re.findall(r"#(\d+)", self.answers.get(client, ""))
        return " ".join(" ".join(self.notes[number].split()) for number in numbers if number in self.notes)


@cache
def features() -> Mapping[str, Feature]:
    """Return every feature by its slug."""
    return {
        slug: Feature(slug=slug, title=facts["title"], answers=facts["support"], notes=facts["notes"])
        for slug, facts in _data()["features"].items()
    }


def client_names() -> Mapping[str, str]:
    """Return the mail programs that are looked at: "outlook.windows" → "Outlook on Windows"."""
    return _data()["clients"]


class _Facts(TypedDict):
    title: str
    support: dict[str, str]
    notes: dict[str, str]


class _Data(TypedDict):
    clients: dict[str, str]
    features: dict[str, _Facts]


@cache
def _data() -> _Data:
    path = Path(__file__).with_name("data") / "caniemail.json"
    data: _Data = json.loads(path.read_text(encoding="utf-8"))
    return data
