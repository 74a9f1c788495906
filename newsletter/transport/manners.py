"""What has been learnt about a relay: shared by all its connections of a run.

A relay may advertise what it does not mean. So its first message of a run goes in steps, and again after each change
of its EHLO; only then do whole groups leave in one write. What it refused or did wrong is remembered with the EHLO
that it had advertised: the machines behind one name can differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Manners:
    """How to talk to a relay that says this EHLO; learnt as the run goes."""

    is_proven: bool = False  # it has accepted a message in steps since its EHLO last changed
    takes_chunks: bool = True  # False once it has refused BDAT as a command
    takes_groups: bool = True  # False once it has taken content after it had refused the envelope

    def refuse_chunks(self) -> None:
        """It does not know BDAT after all: DATA from now on, and in steps first."""
        self.takes_chunks = False
        self.is_proven = False


@dataclass(slots=True, kw_only=True)
class RelayMemory:
    """The manners of one relay, by what its EHLO offered."""

    _known: dict[tuple[tuple[str, str], ...], Manners] = field(default_factory=dict)
    _last: tuple[tuple[str, str], ...] = ()

    def recall(self, extensions: Mapping[str, str]) -> Manners:
        """Return the manners that go with this EHLO; after another one they have to be proven again."""
        ehlo = tuple(sorted(extensions.items()))
        manners = self._known.setdefault(ehlo, Manners())
        if ehlo != self._last:
            manners.is_proven = False
            self._last = ehlo
        return manners
