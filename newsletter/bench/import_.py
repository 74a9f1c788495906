"""How long an import of many addresses takes on a new SQLite database, and in how much memory.

The list is made for the purpose: Russian names and cities, custom fields, consent, 2,000 domains, one row in four
with quotes, one in a hundred bad and one in two hundred a repetition, so that no path of the import is left out.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from newsletter.store.database import open_database
from newsletter.store.imports import import_rows
from newsletter.subscriber import BadRow, GoodRow, open_list
from newsletter.tokens import Keys

_NAMES = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар", "Инна", "Кирилл")
_CITIES = ("Зареченск", "Приозёрный", "Лесогорье", "Новый Берег")


def run(rows: int) -> dict[str, float | int]:
    """Import `rows` rows twice, the second time finding everybody there; returns seconds, rows a second, MB.

    CPU seconds are given too: on a machine that others use they are the figure to compare.
    """
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder:
        path = Path(folder, "list.csv")
        with path.open("w", encoding="utf-8") as file:
            file.writelines(_lines(rows))
        engine = open_database(f"sqlite:///{folder}/bench.db")
        keys = Keys(secrets={0: b"k" * 32}, current=0)
        figures: dict[str, float | int] = {"rows": rows}
        try:
            for name in ("first", "again"):
                clock = _SliceClock()
                bad: Counter[str] = Counter()
                started, cpu = time.perf_counter(), time.process_time()
                counts = import_rows(
                    engine, "bench", _good(open_list(path).rows(), bad), keys=keys, on_progress=clock.tell
                )
                seconds = time.perf_counter() - started
                figures |= {
                    f"{name}_seconds": round(seconds, 1),
                    f"{name}_cpu_seconds": round(time.process_time() - cpu, 1),
                    f"{name}_rows_per_second": round(rows / seconds),
                    f"{name}_reading_seconds": round(clock.read - started, 1),
                    f"{name}_slowest_slice_milliseconds": round(clock.slowest * 1000, 1),
                    f"{name}_bad": bad.total(),
                    f"{name}_added": counts.added,
                    f"{name}_merged": counts.merged,
                }
        finally:
            engine.dispose()
    figures["peak_megabytes"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return figures


class _SliceClock:
    """Times what lies between two reports of the merge: one transaction and the pause after it."""

    def __init__(self) -> None:
        self.read = self.slowest = 0.0
        self._last = 0.0

    def tell(self, what: str, _done: int) -> None:
        now = time.perf_counter()
        if what == "reading":
            self.read = now
        elif self._last:
            self.slowest = max(self.slowest, now - self._last)
        self._last = now if what == "merging" else 0.0


def _good(rows: Iterator[GoodRow | BadRow], bad: Counter[str]) -> Iterator[GoodRow]:
    for row in rows:
        if isinstance(row, BadRow):
            bad[row.reason] += 1
        else:
            yield row


def _lines(rows: int) -> Iterator[str]:
    yield "Эл. почта;Имя;Город;Организация;Источник согласия;Дата согласия\n"
    for i in range(rows):
        number = i - 1 if i % 200 == 199 else i
        address = f"reader{number}" if i % 100 == 50 else f"reader{number}@mail{number % 2000}.example"
        name, city = _NAMES[i % 10], _CITIES[i % 4]
        works = f"Завод № {i % 500}" if i % 4 else f'"АО ""Завод № {i % 500}"""'
        yield f"{address};{name};{city};{works};форма на сайте;01.03.2026\n"
