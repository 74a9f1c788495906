"""The secret that a database's address keys are made with: noted at first use, asked for ever after.

Suppressions, erasures and the search for duplicates know a person by `Keys.address_key` alone. With another secret
they would silently find nobody: who unsubscribed would be mailed again. So the database keeps the secret's fingerprint.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, exists, insert, select

from newsletter.errors import ConfigError
from newsletter.store.database import now, reading, writing
from newsletter.store.schema import delivery, mailing_list, store_key, subscriber, suppression
from newsletter.tokens import Keys

# What holds address keys: while all are empty, nothing is lost with another secret.
_KEYED = (subscriber, suppression, delivery)


def check_keys(engine: Engine, keys: Keys, *, where: str, write: bool = True) -> None:
    """Raise ConfigError when `keys` are not those of the database; an unused database takes them as its own.

    `where` names the key's place for people. Without `write` nothing is noted.
    """
    with reading(engine) as conn:
        if _is_theirs(conn, keys):
            return
        _refuse_other(conn, keys, where)
    if write:
        with writing(engine) as conn:
            if not _is_theirs(conn, keys):  # another command may have been first
                _refuse_other(conn, keys, where)
                conn.execute(delete(store_key))
                row = {"key_id": keys.address_key_id, "fingerprint": keys.fingerprint(), "created_at": now(conn)}
                conn.execute(insert(store_key), [row])


def is_keyed(engine: Engine) -> bool:
    """True when the database holds anything that is found only with its own secret."""
    with reading(engine) as conn:
        return _is_keyed(conn)


def is_unused(engine: Engine) -> bool:
    """True when the database holds nothing at all: it was made just now."""
    with reading(engine) as conn:
        return not _is_keyed(conn) and not conn.scalar(select(exists().where(mailing_list.c.id.is_not(None))))


def _is_theirs(conn: Connection, keys: Keys) -> bool:
    row = conn.execute(select(store_key.c.key_id, store_key.c.fingerprint)).first()
    return row is not None and (row.key_id, row.fingerprint) == (keys.address_key_id, keys.fingerprint())


def _refuse_other(conn: Connection, keys: Keys, where: str) -> None:
    row = conn.execute(select(store_key.c.key_id)).first()
    if row is None or not _is_keyed(conn):
        return
    what = "this is not the secret key that the database was made with"
    if row.key_id != keys.address_key_id:
        what = f"the lowest key id is {keys.address_key_id}, and the database was made with key {row.key_id}"
    raise ConfigError(
        f"{what}: who unsubscribed or was forgotten would be mailed again",
        path=where,
        fix=f"restore key {row.key_id} from its copy; a further key needs a higher id",
    )


def _is_keyed(conn: Connection) -> bool:
    return any(conn.scalar(select(exists().where(table.c.id.is_not(None)))) for table in _KEYED)
