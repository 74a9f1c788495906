"""The engine: counters of an issue in shards of their own, buckets of rates, which keys signed a mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTERS = ("accepted", "rejected", "gave_up", "deferred", "uncertain", "excluded", "pending", "in_flight")


def upgrade() -> None:
    op.create_table(
        "issue_count",
        sa.Column("issue_id", _ID, nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in _COUNTERS),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_issue_count_issue_id_issue")),
        sa.PrimaryKeyConstraint("issue_id", "shard", name=op.f("pk_issue_count")),
        postgresql_with={"fillfactor": 20},
    )
    names = ", ".join(_COUNTERS)
    op.execute(f"INSERT INTO issue_count (issue_id, shard, {names}) SELECT id, 0, {names} FROM issue")  # noqa: S608
    for name in _COUNTERS:
        op.drop_column("issue", name)
    op.create_table(
        "bucket",
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_bucket")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_delivery_claim", "delivery")
        op.create_index("ix_delivery_order", "delivery", ["issue_id", "position"])
        op.create_index(
            "ix_delivery_due", "delivery", ["issue_id", "next_at"], postgresql_where=sa.text("next_at IS NOT NULL")
        )
        op.execute("ALTER TABLE delivery SET (fillfactor = 60)")
    op.add_column("run", sa.Column("place", sa.String(length=32), server_default="", nullable=False))
    op.add_column("delivery", sa.Column("dkim", sa.String(length=200), server_default="", nullable=False))
