"""Which limit a recipient's domain falls under. Pure.

A lane is a group of domains with limits of its own, as a number: 0 is the open one, without any. The number is found
once for a domain and kept, because it is asked for every message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from newsletter.address import ascii_domain
from newsletter.settings import DomainLimit

OPEN = 0  # the lane of domains without limits
_KEPT_DOMAINS = 16_384  # about 2 MB; beyond it the rarest are looked up again


class Lanes:
    """The lanes of a run: `names[n]` and `limits[n]` are those of lane n."""

    def __init__(self, limits: Mapping[str, DomainLimit]) -> None:
        self.names: list[str] = [""]
        self.limits: list[DomainLimit] = [DomainLimit()]
        globs: list[tuple[str, int]] = []
        for name, limit in limits.items():
            lane = OPEN
            if limit.rate or limit.connections or limit.messages_per_connection:
                lane = len(self.names)
                self.names.append(name)
                self.limits.append(limit)
            # A group without limits counts too: it takes its domains out of a wider glob.
            globs += [(_encoded(glob), lane) for glob in limit.domains]
        # Most letters first; of two alike the one written first (sort is stable).
        globs.sort(key=lambda entry: -len(entry[0].replace("*", "")))
        self._globs = [(_pattern(glob), lane) for glob, lane in globs]
        self.of = lru_cache(maxsize=_KEPT_DOMAINS)(self._find)

    @property
    def is_open(self) -> bool:
        """True when no domain has a limit: then nobody need ask."""
        return len(self.names) == 1

    def _find(self, domain: str) -> int:
        folded = domain.lower()
        return next((lane for pattern, lane in self._globs if pattern.fullmatch(folded)), OPEN)


def _encoded(glob: str) -> str:
    """Return a glob as mail carries domains: lower case, Cyrillic labels as A-labels. Raises InputError."""
    return ".".join(label.lower() if label.isascii() else ascii_domain(label) for label in glob.split("."))


def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in glob.split("*")))
