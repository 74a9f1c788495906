"""A real subscriber for `build --as`: looked up, never changed."""

from __future__ import annotations

from sqlalchemy import select

from newsletter.address import normalise
from newsletter.cli.context import CommandContext
from newsletter.errors import InputError
from newsletter.render.compiled import CompiledIssue
from newsletter.store.database import open_database, reading
from newsletter.store.schema import subscriber
from newsletter.tokens import Keys


def known_person(
    context: CommandContext, keys: Keys, address: str, compiled: CompiledIssue
) -> tuple[str, dict[str, str]]:
    """Return the mailbox and printed fields of a subscriber. Raises InputError when nobody has this address."""
    wanted = normalise(address)
    engine = open_database(context.workspace.database_url(context.settings))
    try:
        with reading(engine) as conn:
            row = conn.execute(
                select(subscriber.c.address, subscriber.c.fields).where(
                    subscriber.c.address_key == keys.address_key(wanted.key)
                )
            ).first()
    finally:
        engine.dispose()
    if row is None:
        raise InputError(
            f"no list has {wanted.display}", fix='add them with "newsletter subscribers add", or leave --as out'
        )
    known = {**row.fields, "email": row.address}
    fields = {
        name: str(known.get(name.partition(".")[2]) or "")
        for name in compiled.slot_fields
        if name.startswith("subscriber.")
    }
    return row.address, fields
