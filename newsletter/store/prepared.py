"""A statement of the hot path, compiled once: its text and the order of its values, given to the driver as they are.

SQLAlchemy Core makes the statement, for either database; what it would do again for every row and every run (looking
the statement up, converting values) costs more than the database itself takes. So the rows come here as tuples of
what the driver understands: times as `microseconds`, enums as their values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Select, Update

from newsletter.store.driver import execute, execute_many
from newsletter.store.schema import EPOCH

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: str
    shape: Callable[[Row], object]  # a row as the driver wants it


class Prepared:
    """An UPDATE or SELECT; `names` says which of its parameters the values of a row are, in their order."""

    def __init__(self, statement: Update | Select[Any], names: Sequence[str]) -> None:
        self._statement, self._names = statement, tuple(names)
        self._compiled: dict[str, _Compiled] = {}

    def run(self, conn: Connection, rows: Sequence[Row]) -> int:
        """Run it for every row; returns how many rows of the table it changed."""
        compiled = self._compiled.get(conn.dialect.name) or self._compile(conn.dialect)
        return execute_many(conn, compiled.text, [compiled.shape(row) for row in rows])

    def first(self, conn: Connection, row: Row) -> Any:
        """Run a SELECT once and return its one row, values as the driver gives them: times in microseconds."""
        compiled = self._compiled.get(conn.dialect.name) or self._compile(conn.dialect)
        return execute(conn, compiled.text, compiled.shape(row)).fetchone()

    def _compile(self, dialect: Dialect) -> _Compiled:
        made = self._statement.compile(dialect=dialect)
        fixed = {name: value for name, value in made.params.items() if name not in self._names}
        values, names = tuple(fixed.values()), (*self._names, *fixed)
        if made.positional:
            places = [names.index(name) for name in made.positiontup or ()]
            pick = itemgetter(*places)  # of one place it would give no tuple
            compiled = _Compiled(str(made), (lambda row: pick(row + values)) if len(places) > 1 else lambda row: row)
        else:
            compiled = _Compiled(str(made), lambda row: dict(zip(names, row + values, strict=True)))
        self._compiled[dialect.name] = compiled
        return compiled


def microseconds(at: datetime) -> int:
    """Return a moment as the store keeps it (`schema.Moment`)."""
    delta = at - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
