"""Inbound deliveries as they arrived, and the HTTP requests that asked to be answered only once."""

import sqlalchemy as sa

from levada_runtime.store.columns import Instant, Json
from levada_runtime.store.tables.shape import connection, metadata, number, org, text

receipts = sa.Table(
    "receipts",
    metadata,
    org(),
    connection(),
    sa.Column("id", sa.Text, primary_key=True),
    text("stream"),
    text("delivery_id", null=True),
    text("dedupe_key"),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("headers", Json, nullable=False),
    sa.Column("hidden", Json, nullable=False),
    sa.Column("params", Json, nullable=False),
    number("size"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    text("state"),
    text("reason", null=True),
    text("run_id"),
    sa.Column("reply", Json),
    sa.Column("processed_at", Instant),
    sa.Index(None, "org_id", "connection_id", "stream", "dedupe_key"),
    sa.Index(None, "org_id", "id"),
)

idempotent_requests = sa.Table(
    "idempotent_requests",
    metadata,
    org(),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("body_hash", sa.LargeBinary, nullable=False),
    number("status", null=True),
    text("answer", null=True),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
    sa.Index(None, "org_id", "started_at"),
)
