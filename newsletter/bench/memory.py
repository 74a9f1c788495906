"""How much memory a send takes, with few people and with many: it must not grow with the list.

The whole process tree is counted, what is shared once (PSS), from the first accepted message to the end of the
process; the compile and the freeze before it have their own figure. The relay is a quick one in this process.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from newsletter.bench.far_relay import FarRelay
from newsletter.bench.meter import memory_bytes
from newsletter.bench.office import open_office, write_item
from newsletter.errors import UsageError

FEW, MANY = 100_000, 1_000_000
_WIRE_BYTES = 40_000
_POLL_SECONDS = 0.2  # reading the sizes of a large process takes milliseconds


def run(
    *,
    folder: Path,
    few: int = FEW,
    many: int = MANY,
    connections: int = 16,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, object]:
    """Return the peaks in megabytes for both lists, and how much larger the second is."""
    figures: dict[str, object] = {"connections": connections}
    peaks = []
    for people in (few, many):
        say(f"  {people:,} people")
        place = folder / str(people)
        place.mkdir()
        found, peak = _peaks(place, people, connections)
        figures[f"{people}_people"] = found
        peaks.append(peak)
    return {**figures, "ratio": round(peaks[1] / peaks[0], 2)}


def _peaks(folder: Path, people: int, connections: int) -> tuple[dict[str, float], int]:
    office = open_office(folder, people=people)
    item, _ = write_item(office, wire_bytes=_WIRE_BYTES)
    before = sending = 0
    with FarRelay() as relay, tempfile.TemporaryFile() as output:
        command = office.sending(item, relay.url, connections=connections)
        client = subprocess.Popen(command, cwd=office.root, env=office.env(), stdout=output, stderr=subprocess.STDOUT)
        try:
            while client.poll() is None:
                now = memory_bytes(client.pid)
                if relay.count():
                    sending = max(sending, now)
                else:
                    before = max(before, now)
                time.sleep(_POLL_SECONDS)
        finally:
            if client.poll() is None:
                client.kill()
                client.wait()
        output.seek(0)
        if client.returncode != 0 or relay.count() != people:
            raise UsageError(f"the send ended with {relay.count()} accepted: {output.read().decode()[-300:]}")
    if not sending:
        raise UsageError(f"{people} people are too few to measure", fix="give more with --people")
    return {"sending_megabytes": _megabytes(sending), "before_megabytes": _megabytes(before)}, sending


def _megabytes(size: int) -> float:
    return round(size / 1e6, 1)
