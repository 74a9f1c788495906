"""A real subscriber for `build --as`: looked up, never changed."""

from __future__ import annotations

from newsletter.address import normalise
from newsletter.cli.context import CommandContext
from newsletter.cli.opening import open_store
from newsletter.errors import InputError
from newsletter.render.compiled import CompiledIssue
from newsletter.store.database import reading
from newsletter.store.subscribers import read_fields
from newsletter.tokens import Keys


def known_person(
    context: CommandContext, keys: Keys, address: str, compiled: CompiledIssue
) -> tuple[str, dict[str, str]]:
    """Return the mailbox and printed fields of a subscriber. Raises InputError when nobody has this address."""
    wanted = normalise(address)
    engine = open_store(context)
    try:
        with reading(engine) as conn:
            found = read_fields(conn, keys.address_key(wanted.key))
    finally:
        engine.dispose()
    if found is None:
        raise InputError(
            f"no list has {wanted.display}", fix='add them with "newsletter subscribers add", or leave --as out'
        )
    mailbox, written = found
    known = {**written, "email": mailbox}
    fields = {
        name: str(known.get(name.partition(".")[2]) or "")
        for name in compiled.slot_fields
        if name.startswith("subscriber.")
    }
    return mailbox, fields
