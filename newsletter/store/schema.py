"""Every table of the store, as SQLAlchemy Core metadata; `migrations/` brings a database to it.

Written for SQLite and PostgreSQL alike: no dialect types, no triggers, times as aware UTC, kept
as microseconds by `Moment`. A delivery row is the ledger: frozen facts and a state, kept while its issue is retained.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives a rowid alias only to INTEGER; PostgreSQL needs 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, stored as microseconds since 1970: same order and value in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time reached the store")
        delta = value - EPOCH
        return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        seconds, micros = divmod(int(value), 1_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address", String(320), nullable=False),  # mailbox: local part as typed, domain as A-label
    Column("display", String(320), nullable=False),  # as typed, for people
    Column("address_key", LargeBinary(32), nullable=False, unique=True),  # HMAC of the casefolded address
    Column("fields", JSON, nullable=False),  # {"name": "…", "city": "…"}: built-in and custom alike
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    # AUTOINCREMENT: tokens carry this id for ever, so a forgotten subscriber's id must not go to another person.
    sqlite_autoincrement=True,
)

mailing_list = Table(
    "list",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),  # as on the command line; "file:<stem>" for send --to
    Column("list_id", String(64), nullable=False, unique=True),  # immutable label of the List-ID header (RFC 2919)
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", Id, primary_key=True),
    Column("list_id", Id, ForeignKey("list.id"), nullable=False),
    Column("subscriber_id", Id, ForeignKey("subscriber.id"), nullable=False),
    Column("status", String(20), nullable=False),  # subscribed · unsubscribed · removed
    Column("consent_source", Text, nullable=False, server_default=""),
    Column("consent_text_version", String(200), nullable=False, server_default=""),
    Column("consent_at", Moment),
    Column("subscribed_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("end_reason", String(200), nullable=False, server_default=""),
    UniqueConstraint("list_id", "subscriber_id"),
    Index("ix_subscription_subscriber", "subscriber_id"),
)

suppression = Table(
    "suppression",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address_key", LargeBinary(32), nullable=False),
    Column("scope", String(200), nullable=False),  # "" everywhere, else a list's name
    Column("reason", String(40), nullable=False),  # unsubscribed · bounced · complained · requested · forgotten
    Column("note", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("address_key", "scope"),
)

# Which secret the address keys above are made with: with another one nobody would be found again (keycheck.py).
store_key = Table(
    "store_key",
    metadata,
    Column("key_id", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", LargeBinary(32), nullable=False),  # HMAC of a fixed label: tells nothing of the secret
    Column("created_at", Moment, nullable=False),
)

issue = Table(
    "issue",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(16), nullable=False, unique=True),  # the short id that people type
    Column("key", Text, nullable=False),
    Column("list_id", Id, ForeignKey("list.id"), nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, … within (key, list)
    Column("state", String(20), nullable=False),
    Column("state_reason", Text, nullable=False, server_default=""),
    Column("digest", String(64), nullable=False),
    Column("format", Integer, nullable=False),
    Column("compiled", LargeBinary, nullable=False),  # CompiledIssue.to_bytes()
    Column("subject", Text, nullable=False),  # for people, slots shown as names
    Column("timezone", String(64), nullable=False),
    Column("key_id", Integer, nullable=False),  # the secret that its tokens and Message-IDs are made with
    Column("embargo_until", Moment),
    Column("corrects_issue", Id, ForeignKey("issue.id")),
    Column("approvals", JSON, nullable=False),
    Column("relay", JSON, nullable=False),  # snapshot: url without secrets, connections, rate, uncertain policy
    Column("exclusions", JSON, nullable=False),  # {"unsubscribed": 3, …} at freeze
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("sending_milliseconds", BigInteger, nullable=False, server_default="0"),  # first connection to last reply
    Column("retain_until", Moment),
    Column("epoch", Integer, nullable=False, server_default="0"),  # grows with every run; stale writers are refused
    Column("stop_requested", Boolean, nullable=False, server_default="0"),
    Column("restore_hold", Boolean, nullable=False, server_default="0"),  # waits for `--after-restore` (engine.md)
    UniqueConstraint("key", "list_id", "number"),
    sqlite_autoincrement=True,
)

# How many deliveries stand in each state: the sum over shards, one for each sending process, because rows that all of
# them wrote would make every COMMIT wait for the one before. A shard alone may be negative. Small, and no counter is
# indexed: on PostgreSQL an update stays in its page (HOT).
issue_count = Table(
    "issue_count",
    metadata,
    Column("issue_id", Id, ForeignKey("issue.id"), primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("accepted", Integer, nullable=False, server_default="0"),
    Column("rejected", Integer, nullable=False, server_default="0"),
    Column("gave_up", Integer, nullable=False, server_default="0"),
    Column("deferred", Integer, nullable=False, server_default="0"),
    Column("uncertain", Integer, nullable=False, server_default="0"),
    Column("excluded", Integer, nullable=False, server_default="0"),
    Column("pending", Integer, nullable=False, server_default="0"),
    Column("in_flight", Integer, nullable=False, server_default="0"),
    postgresql_with={"fillfactor": 20},
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("issue_id", Id, ForeignKey("issue.id"), nullable=False),
    # frozen: what was decided about this person when the issue was frozen
    Column("subscriber_id", Id),  # nullable and without a foreign key: outlives `forget`
    Column("address", String(320), nullable=False),
    Column("address_key", LargeBinary(32), nullable=False),
    Column("variant", String(200), nullable=False, server_default=""),
    Column("slot_values", JSON, nullable=False),  # only the fields the issue prints
    Column("position", Integer, nullable=False),  # test addresses first, then a keyed shuffle
    # moving: written only by delivery.state's moves
    Column("state", String(12), nullable=False),
    Column("exclusion", String(40), nullable=False, server_default=""),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("first_at", Moment),  # first attempt: `give_up_hours` run from here
    Column("next_at", Moment),
    Column("resent", Boolean, nullable=False, server_default="0"),
    Column("owner", String(64), nullable=False, server_default=""),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("relay", String(200), nullable=False, server_default=""),
    Column("date_sent", Moment),  # the Date header of the last attempt
    Column("stage", String(12), nullable=False, server_default=""),  # where the last reply came: rcpt, content …
    Column("scope", String(12), nullable=False, server_default=""),  # whose fault it is, as delivery/scope.py judged
    Column("code", Integer, nullable=False, server_default="0"),
    Column("enhanced", String(12), nullable=False, server_default=""),
    Column("reply", Text, nullable=False, server_default=""),  # hostile text, at most 500 bytes
    Column("queue_id", String(100), nullable=False, server_default=""),
    Column("sha256", String(64), nullable=False, server_default=""),  # of the bytes that were sent
    Column("dkim", String(200), nullable=False, server_default=""),  # selectors that signed them: "s2026 ed2026"
    UniqueConstraint("issue_id", "address_key"),
    # PostgreSQL: no index holds what every mark and outcome changes, and pages keep room, so that an update stays in
    # its page (HOT) and writes no index (docs/decisions/0010-postgresql.md). SQLite updates in place anyway.
    Index("ix_delivery_claim", "issue_id", "state", "position").ddl_if(dialect="sqlite"),
    Index("ix_delivery_order", "issue_id", "position").ddl_if(dialect="postgresql"),
    Index("ix_delivery_due", "issue_id", "next_at", postgresql_where=text("next_at IS NOT NULL")).ddl_if(
        dialect="postgresql"
    ),
    sqlite_autoincrement=True,
    postgresql_with={"fillfactor": 60},
)

delivery_event = Table(
    "delivery_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", Id, ForeignKey("delivery.id"), nullable=False),
    Column("kind", String(20), nullable=False),  # bounce · complaint · resolve · late_reply · unsubscribe
    Column("at", Moment, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_delivery_event_delivery", "delivery_id"),
)

run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),  # first here, then fsynced to a side file (engine.md)
    Column("issue_id", Id, ForeignKey("issue.id"), nullable=False),
    Column("owner", String(64), nullable=False),  # host:pid
    Column("place", String(32), nullable=False, server_default=""),  # whose side file counts it; "" with SQLite
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("end", String(40), nullable=False, server_default=""),
)

# Token buckets of rates, so that a restart does not burst: "RELAY" for the global one, "RELAY GLOB" for a domain's.
bucket = Table(
    "bucket",
    metadata,
    Column("name", String(400), primary_key=True),
    Column("tokens", Float, nullable=False),  # may be negative: taken by a lease, not used yet
    Column("at", Moment, nullable=False),  # when `tokens` was true
)

# What reviewers said. Kept for ever: it is the proof of what was approved, by whom, and holds no subscriber.
decision = Table(
    "decision",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False),  # of the issue
    Column("digest", String(64), nullable=False),
    Column("list_name", String(200), nullable=False),  # "" every list; a name, because file:<stem> is made by its send
    Column("verdict", String(12), nullable=False),  # approved · rejected
    Column("who", String(100), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
    Column("subject", Text, nullable=False),
    Column("manifest", JSON, nullable=False),
    Column("waived", JSON, nullable=False),  # [{"id", "message", "reason"}, …]
    Index("ix_decision_key", "key"),
    sqlite_autoincrement=True,
)

review_comment = Table(
    "review_comment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False),
    Column("digest", String(64), nullable=False),  # of the mail that was looked at
    Column("item", Text, nullable=False),
    Column("block", Integer),
    Column("quoted", Text, nullable=False, server_default=""),
    Column("who", String(100), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("resolved_at", Moment),
    Column("resolved_by", String(100), nullable=False, server_default=""),
    Index("ix_review_comment_key", "key"),
    sqlite_autoincrement=True,
)

# The mail itself, once per digest: approvals of it, on whatever list, are about these bytes.
approved_issue = Table(
    "approved_issue",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("compiled", LargeBinary, nullable=False),  # CompiledIssue.to_bytes()
    Column("created_at", Moment, nullable=False),
)
