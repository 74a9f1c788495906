"""Alembic, driven from the program: no alembic.ini, no command of its own for anybody to know.

The only module that imports Alembic beside its env.py and the revisions; loaded only when a database is not at HEAD.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_HERE = Path(__file__).resolve().parent


def upgrade(conn: Connection) -> None:
    """Bring the database of `conn` to the newest revision, inside the caller's transaction."""
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def known_revisions() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())


def head() -> str:
    return _scripts().get_current_head() or ""


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
