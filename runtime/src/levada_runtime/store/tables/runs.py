"""Runs with what they said and asked, and the durable work that carries them."""

import sqlalchemy as sa

from levada_runtime.store.columns import Instant, Json
from levada_runtime.store.tables.shape import connection, metadata, number, org, row_id, text

runs = sa.Table(
    "runs",
    metadata,
    org(),
    connection(),
    sa.Column("id", sa.Text, primary_key=True),
    text("connector"),
    text("connector_version", null=True),
    text("stream"),
    text("mode"),
    sa.Column("observing", sa.Boolean, nullable=False),
    text("state"),
    text("reason", null=True),
    sa.Column("error", Json),
    number("attempt"),
    sa.Column("scheduled_for", Instant),
    text("sandbox_level", null=True),
    sa.Column("sandbox_layers", Json),
    sa.Column("counts", Json, nullable=False),
    number("pages"),
    number("http_requests"),
    number("http_bytes"),
    sa.Column("checkpoint_before", Json),
    sa.Column("checkpoint_after", Json),
    text("plan_id", null=True),
    text("receipt_id", null=True),
    text("reverts", null=True),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Index(None, "org_id", "id"),
)

run_logs = sa.Table(
    "run_logs",
    metadata,
    org(),
    connection(),
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    text("level"),
    text("message"),
    sa.Column("fields", Json, nullable=False),
)

run_exchanges = sa.Table(
    "run_exchanges",
    metadata,
    org(),
    connection(),
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    text("method"),
    text("url"),
    number("status", null=True),
    number("bytes"),
    number("duration_ms"),
    text("refused", null=True),
)

run_recordings = sa.Table(
    "run_recordings",
    metadata,
    org(),
    connection(),
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("exchange", sa.LargeBinary, nullable=False),
)

plans = sa.Table(
    "plans",
    metadata,
    org(),
    connection(),
    sa.Column("id", sa.Text, primary_key=True),
    text("run_id"),
    sa.Column("body", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("applied_at", Instant),
    text("applied_run_id", null=True),
    sa.Index(None, "org_id", "id"),
)

work = sa.Table(
    "work",
    metadata,
    org(),
    connection(),
    row_id(),
    text("kind"),
    text("key"),
    text("state"),
    number("fence"),
    text("owner", null=True),
    text("reserved_for", null=True),
    sa.Column("lease_until", Instant),
    number("attempt"),
    number("max_attempts"),
    sa.Column("not_before", Instant, nullable=False),
    number("priority"),
    text("code_version"),
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

ticks = sa.Table(
    "ticks",
    metadata,
    org(),
    connection(),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("scheduled_for", Instant, primary_key=True),
    text("outcome"),
    text("reason", null=True),
    text("run_id", null=True),
    sa.Column("decided_at", Instant, nullable=False),
)
