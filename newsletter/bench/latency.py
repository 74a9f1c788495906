"""What distance costs: sends over one connection to a relay 20 ms away, in steps and in groups, window 1 and 8.

In steps (the server offers neither PIPELINING nor CHUNKING) a message costs four round trips, as with any plain
client. The relay and its wire are bench/far_relay.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from newsletter.bench.far_relay import FarRelay
from newsletter.bench.meter import Measured, medians, run_and_measure
from newsletter.bench.office import Office, open_office, write_item

ONE_WAY_SECONDS = 0.010
SIZES = (5_000, 40_000)  # bytes on the wire
WINDOWS = (1, 8)
_STEPS = "in_steps"


def run(
    *, folder: Path, messages: int = 400, rounds: int = 3, say: Callable[[str], None] = lambda text: None
) -> dict[str, object]:
    """Return messages a second for each size and way, and how much better the groups are than the steps."""
    office = open_office(folder, people=messages)
    figures: dict[str, object] = {
        "round_trip_milliseconds": round(ONE_WAY_SECONDS * 2_000),
        "messages": messages,
        "congestion_window": "not simulated",
    }
    for size in SIZES:
        item, wire_bytes = write_item(office, wire_bytes=size)
        found = {name: [_measured(office, item, name) for _ in range(rounds)] for name in _ways()}
        shown: dict[str, object] = {name: medians(runs) for name, runs in found.items()}
        steps = float(medians(found[_STEPS])["messages_per_second"]) or 1.0
        for window in WINDOWS:
            name = f"window_{window}"
            shown[f"{name}_ratio"] = round(medians(found[name])["messages_per_second"] / steps, 1)
            say(f"  {wire_bytes:,} bytes, {name}: {shown[f'{name}_ratio']} times as fast as in steps")
        figures[f"{size // 1_000}_kilobytes"] = {"wire_bytes": wire_bytes, **shown}
    return figures


def _ways() -> list[str]:
    return [_STEPS, *(f"window_{window}" for window in WINDOWS)]


def _measured(office: Office, item: Sequence[str], way: str) -> Measured:
    window = 1 if way == _STEPS else int(way.removeprefix("window_"))
    with FarRelay(one_way_seconds=ONE_WAY_SECONDS, groups=way != _STEPS) as relay:
        environ = {
            **office.env(),
            "NEWSLETTER_SMTP__URL": relay.url,
            "NEWSLETTER_SMTP__OWN_RELAY": "true",  # only such a relay may be sent more than one at once
            "NEWSLETTER_SMTP__WINDOW": str(window),
            "NEWSLETTER_SEND__MESSAGES_PER_CONNECTION": "0",
        }
        command = office.sending(item, relay.url, connections=1)
        return run_and_measure(command, relay, messages=office.people, folder=office.root, environ=environ)
