"""Places of a mail marked by comments, which nothing shows: the page's script finds blocks and titles by them."""

from __future__ import annotations

from collections.abc import Iterable

from newsletter.render.compiled import Part, SlotUse


def static_text(part: Part) -> str:
    """Return the part without its slots, which have no length until they are merged."""
    return "".join(piece for piece in part if isinstance(piece, str))


def with_marks(part: Part, places: Iterable[tuple[str, int, int]]) -> Part:
    """Return the part with `<!--block NAME-->` and `<!--end NAME-->` around each place.

    A place is a name, its start and its end: offsets into the UTF-8 bytes of the static text, as `BlockRange` counts.
    """
    inserts: dict[int, str] = {}
    for name, start, end in places:
        inserts[end] = f"<!--end {name}-->" + inserts.get(end, "")
        inserts[start] = inserts.get(start, "") + f"<!--block {name}-->"
    pieces: list[str | SlotUse] = []
    offset = 0
    for piece in part:
        if isinstance(piece, SlotUse):
            pieces.append(piece)
            continue
        data = piece.encode()
        done = 0
        for cut in sorted(place for place in inserts if offset <= place <= offset + len(data)):
            pieces.append(data[done : cut - offset].decode() + inserts.pop(cut))
            done = cut - offset
        pieces.append(data[done:].decode())
        offset += len(data)
    return tuple(pieces)
