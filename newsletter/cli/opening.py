"""The workspace's database, opened so that it is never used with a key that is not its own.

A database that is silently made anew has forgotten who unsubscribed, and the links already mailed would name other
people; with another key nobody in it is found.
"""

from __future__ import annotations

from newsletter.cli.context import CommandContext
from newsletter.cli.keeping import has_sent, is_missing, key_place, lost_database, open_keys
from newsletter.store import keycheck
from newsletter.store.database import Engine, open_database
from newsletter.tokens import Keys


def open_ledger(context: CommandContext) -> Engine:
    """Open the database, made at first need. Raises StoreError when sends were made with another, which is gone."""
    context.workspace.private_dir()
    sent = has_sent(context)
    if sent and is_missing(context):
        raise lost_database(context)
    engine = open_database(context.workspace.database_url(context.settings))
    try:
        if sent and keycheck.is_unused(engine):
            raise lost_database(context)
    except BaseException:
        engine.dispose()
        raise
    return engine


def open_store(context: CommandContext) -> Engine:
    """Open the database for a command that also needs the keys. Raises StoreError, ConfigError when they differ."""
    engine = open_ledger(context)
    try:
        keycheck.check_keys(engine, open_keys(context), where=key_place(context))
    except BaseException:
        engine.dispose()
        raise
    return engine


def check_keys(context: CommandContext, keys: Keys) -> None:
    """Raise ConfigError when the keys are not the database's; notes nothing."""
    engine = open_ledger(context)
    try:
        keycheck.check_keys(engine, keys, where=key_place(context), write=False)
    finally:
        engine.dispose()
