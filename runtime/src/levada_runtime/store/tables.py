"""Every table of the store. Only this floor knows them.

The organisation and the connection lead every primary and unique key of what belongs to one, which is what spreading
them over several databases will need. Times are `Instant`s, ids are the integers of `foundation.ids`.
"""

import sqlalchemy as sa

from levada_runtime.store.columns import Instant, Json

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _org() -> sa.Column[int]:
    return sa.Column("org_id", sa.BigInteger, primary_key=True, autoincrement=False)


def _connection() -> sa.Column[int]:
    return sa.Column("connection_id", sa.BigInteger, primary_key=True, autoincrement=False)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


orgs = sa.Table("orgs", metadata, _id(), _text("name"), sa.Column("created_at", Instant), sa.UniqueConstraint("name"))

api_keys = sa.Table(
    "api_keys",
    metadata,
    _org(),
    sa.Column("id", sa.Text, primary_key=True),
    _text("name"),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("scopes", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("last_used_at", Instant),
    sa.Column("revoked_at", Instant),
)

connectors = sa.Table(
    "connectors",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    _text("distribution"),
    _text("version"),
    _text("source_hash"),
    _text("state"),
    _text("reason", null=True),
    sa.Column("manifest", Json),
    _text("described_by"),
    sa.Column("described_at", Instant, nullable=False),
)

connections = sa.Table(
    "connections",
    metadata,
    _org(),
    _id(),
    _text("uid"),
    _text("name"),
    _text("connector"),
    sa.Column("settings", Json, nullable=False),
    _text("mode"),
    _text("state"),
    _text("state_reason", null=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("org_id", "name"),
    sa.UniqueConstraint("org_id", "uid"),
)

secrets = sa.Table(
    "secrets",
    metadata,
    _org(),
    _connection(),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    _org(),
    _connection(),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("partition", sa.Text, primary_key=True),
    sa.Column("state", Json, nullable=False),
    _text("run_id"),
    sa.Column("updated_at", Instant, nullable=False),
)

documents = sa.Table(
    "documents",
    metadata,
    _org(),
    _connection(),
    _id(),
    _text("document_type"),
    _text("idempotency_key"),
    _text("stream"),
    _text("source_id", null=True),
    _number("version"),
    _number("versions"),
    sa.Column("payload_hash", sa.LargeBinary, nullable=False),
    sa.Column("source_time", Instant),
    sa.Column("retired_at", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("org_id", "connection_id", "document_type", "idempotency_key"),
    sa.Index(None, "org_id", "document_type", "id"),
    sqlite_with_rowid=False,
)

versions = sa.Table(
    "versions",
    metadata,
    _org(),
    _connection(),
    sa.Column("document_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("payload_hash", sa.LargeBinary, nullable=False),
    _text("payload"),
    _text("source_id", null=True),
    sa.Column("source_time", Instant),
    _number("contract_version"),
    _number("page_id"),
    _number("superseded"),
)

pages = sa.Table(
    "pages",
    metadata,
    _org(),
    _connection(),
    _id(),
    _text("run_id"),
    _number("attempt"),
    _text("stream"),
    _text("mode"),
    _text("connector"),
    _text("connector_version"),
    sa.Column("scheduled_for", Instant),
    _number("exchange", null=True),
    sa.Column("committed_at", Instant, nullable=False),
)

events = sa.Table(
    "events",
    metadata,
    _org(),
    _connection(),
    sa.Column("page_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("type"),
    _text("document_type"),
    _number("document_id"),
    _number("version"),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    _org(),
    _connection(),
    _id(),
    _text("stream"),
    _text("document_type"),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    _text("idempotency_key", null=True),
    _text("source_id", null=True),
    _text("payload", null=True),
    _text("reason"),
    _text("message"),
    sa.Column("errors", Json, nullable=False),
    _text("state"),
    _number("times"),
    _text("run_id"),
    sa.Column("first_seen_at", Instant, nullable=False),
    sa.Column("last_seen_at", Instant, nullable=False),
    sa.UniqueConstraint("org_id", "connection_id", "stream", "document_type", "fingerprint"),
)

runs = sa.Table(
    "runs",
    metadata,
    _org(),
    _connection(),
    sa.Column("id", sa.Text, primary_key=True),
    _text("connector"),
    _text("connector_version", null=True),
    _text("stream"),
    _text("mode"),
    sa.Column("observing", sa.Boolean, nullable=False),
    _text("state"),
    _text("reason", null=True),
    sa.Column("error", Json),
    _number("attempt"),
    sa.Column("scheduled_for", Instant),
    _text("sandbox_level", null=True),
    sa.Column("counts", Json, nullable=False),
    _number("pages"),
    _number("http_requests"),
    _number("http_bytes"),
    sa.Column("checkpoint_before", Json),
    sa.Column("checkpoint_after", Json),
    _text("plan_id", null=True),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Index(None, "org_id", "id"),
)

run_logs = sa.Table(
    "run_logs",
    metadata,
    _org(),
    _connection(),
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    _text("level"),
    _text("message"),
    sa.Column("fields", Json, nullable=False),
)

run_exchanges = sa.Table(
    "run_exchanges",
    metadata,
    _org(),
    _connection(),
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    _text("method"),
    _text("url"),
    _number("status", null=True),
    _number("bytes"),
    _number("duration_ms"),
    _text("refused", null=True),
)

plans = sa.Table(
    "plans",
    metadata,
    _org(),
    _connection(),
    sa.Column("id", sa.Text, primary_key=True),
    _text("run_id"),
    sa.Column("body", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index(None, "org_id", "id"),
)

work = sa.Table(
    "work",
    metadata,
    _org(),
    _connection(),
    _id(),
    _text("kind"),
    _text("key"),
    _text("state"),
    _number("fence"),
    _text("owner", null=True),
    _text("reserved_for", null=True),
    sa.Column("lease_until", Instant),
    _number("attempt"),
    _number("max_attempts"),
    sa.Column("not_before", Instant, nullable=False),
    _number("priority"),
    _text("code_version"),
    sa.Column("payload", Json, nullable=False),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Index("ix_work_id", "id"),
    sa.Index(
        "ix_work_head",
        "org_id",
        "connection_id",
        "key",
        "id",
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    ),
    sa.Index(
        "ix_work_due",
        "state",
        "not_before",
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    ),
)

streams = sa.Table(
    "streams",
    metadata,
    _org(),
    _connection(),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("modes", Json, nullable=False),
    _text("schedule", null=True),
    _text("override", null=True),
    _text("timezone"),
    sa.Column("paused", sa.Boolean, nullable=False),
)

ticks = sa.Table(
    "ticks",
    metadata,
    _org(),
    _connection(),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("scheduled_for", Instant, primary_key=True),
    _text("outcome"),
    _text("reason", null=True),
    _text("run_id", null=True),
    sa.Column("decided_at", Instant, nullable=False),
)
