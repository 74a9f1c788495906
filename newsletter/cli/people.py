"""A real subscriber for `build --as` and `test`: looked up, never changed."""

from __future__ import annotations

from newsletter.address import normalise
from newsletter.cli.context import CommandContext
from newsletter.cli.opening import open_store
from newsletter.errors import InputError
from newsletter.specimen import Reader
from newsletter.store.database import reading
from newsletter.store.subscribers import read_fields
from newsletter.tokens import Keys


def known_person(context: CommandContext, keys: Keys, address: str) -> Reader:
    """Return the subscriber who has this address. Raises InputError when nobody has it."""
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
    mailbox, fields = found
    return Reader(address=mailbox, fields=fields)
