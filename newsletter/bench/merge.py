"""What one person's message costs: the merge of the sample issue, against base64 of the same parts whole."""

from __future__ import annotations

import base64
import statistics
import time
from datetime import UTC, datetime

from newsletter.message.merge import Merger, Recipient
from newsletter.render.compiled import CompiledIssue
from newsletter.tokens import Keys


def run(compiled: CompiledIssue, *, messages: int = 5_000, rounds: int = 5) -> dict[str, float | int]:
    """Merge `messages` messages `rounds` times, both ways in turn; returns medians in microseconds a message."""
    merger = Merger(compiled, keys=Keys(secrets={0: b"k" * 32}, current=0), issue_id=1, list_label="bench")
    people = [_person(compiled, number) for number in range(messages)]
    date = datetime(2026, 11, 23, tzinfo=UTC)
    size = merger.message(people[0], date=date).size
    plain = b"x" * int(size * 3 / 4)
    merged: list[float] = []
    whole: list[float] = []
    for _round in range(rounds):
        started = time.perf_counter()
        for person in people:
            merger.message(person, date=date)
        merged.append((time.perf_counter() - started) / messages * 1e6)
        started = time.perf_counter()
        for _ in people:
            base64.encodebytes(plain)
        whole.append((time.perf_counter() - started) / messages * 1e6)
    return {
        "wire_bytes": size,
        "merge_microseconds_median": round(statistics.median(merged), 1),
        "base64_of_the_whole_microseconds_median": round(statistics.median(whole), 1),
    }


def _person(compiled: CompiledIssue, number: int) -> Recipient:
    fields = [name for name in compiled.slot_fields if name.startswith("subscriber.")]
    return Recipient(
        delivery_id=number + 1,
        subscriber_id=number + 1,
        list_id=1,
        address=f"reader{number}@mail{number % 50}.example",
        variant=next(iter(compiled.variants)),
        values=dict.fromkeys(fields, f"Читатель {number}"),
        position=number + 1,
    )
