"""What the workspace keeps from send to send: the secret key, the database, the traces that sends leave.

What is made at first need is made only then: a key that is silently made anew finds nobody who unsubscribed.
"""

from __future__ import annotations

import os
from pathlib import Path

from newsletter.cli.context import CommandContext
from newsletter.errors import StoreError
from newsletter.sending.places import FOLDER, LIST_LOCK
from newsletter.tokens import ENVIRONMENT, Keys, load_keys


def open_keys(context: CommandContext) -> Keys:
    """Return the workspace's keys, made at first need. Raises ConfigError when the database knows of lost ones."""
    context.workspace.private_dir()
    path = context.workspace.key_file
    if _has_key(context):
        return load_keys(path, context.environ, may_create=False)
    # With both gone, a new key is made only after the person has begun anew.
    lost = is_keyed(context) or (has_sent(context) and is_missing(context))
    return load_keys(path, context.environ, may_create=not lost)


def key_place(context: CommandContext) -> str:
    """Return where the secret key comes from, as a person knows it."""
    return ENVIRONMENT if _is_given(context) else context.workspace.shown(context.workspace.key_file)


def is_keyed(context: CommandContext) -> bool:
    """True when there is a database that holds what only its own secret finds."""
    from newsletter.store import keycheck
    from newsletter.store.database import open_database

    if is_missing(context):
        return False
    engine = open_database(context.workspace.database_url(context.settings))
    try:
        return keycheck.is_keyed(engine)
    finally:
        engine.dispose()


def has_sent(context: CommandContext) -> bool:
    """True when a send has left its files: locks, the run's number."""
    folder = context.workspace.var / FOLDER
    # A list's lock is taken before anything is sent: it is no sign of a send.
    return folder.is_dir() and any(not path.name.startswith(LIST_LOCK) for path in folder.iterdir())


def is_missing(context: CommandContext) -> bool:
    """True when the database is a file that is not there or holds no byte."""
    file = database_file(context)
    return file is not None and (not file.is_file() or file.stat().st_size == 0)


def database_file(context: CommandContext) -> Path | None:
    """Return the database's file, None for a server's database."""
    url = context.workspace.database_url(context.settings)
    name = url.removeprefix("sqlite:///")
    return Path(name) if name != url else None


def lost_database(context: CommandContext) -> StoreError:
    """Return the one line for a database that is not the one that mails were sent with."""
    file = database_file(context)
    return StoreError(
        "mails were sent from this workspace, but their database is gone or was replaced: suppressions and the ledger "
        "of what was sent are lost",
        path=context.workspace.shown(file) if file else "database.url",
        fix="restore its copy, or look at database.url; to begin anew, delete var/send and var/secret.key",
    )


def _has_key(context: CommandContext) -> bool:
    return _is_given(context) or os.path.lexists(context.workspace.key_file)


def _is_given(context: CommandContext) -> bool:
    return bool(context.environ.get(ENVIRONMENT, "").strip())
