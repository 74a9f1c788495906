"""Run by Alembic around every upgrade: the connection comes from `upgrade.py`, and so does its transaction."""

from __future__ import annotations

from alembic import context

from newsletter.store.schema import metadata

# SQLite cannot alter most of a table: Alembic then copies it (batch mode).
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
