"""Canonical documents, their versions, where they came from, and what was refused."""

import sqlalchemy as sa

from levada_runtime.store.columns import Instant, Json
from levada_runtime.store.tables.shape import connection, metadata, number, org, row_id, text

documents = sa.Table(
    "documents",
    metadata,
    org(),
    connection(),
    row_id(),
    text("document_type"),
    text("idempotency_key"),
    text("stream"),
    text("source_id", null=True),
    number("version"),
    number("versions"),
    sa.Column("payload_hash", sa.LargeBinary, nullable=False),
    sa.Column("source_time", Instant),
    sa.Column("retired_at", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("rekeyed_at", Instant),
    sa.Column("fingerprint", sa.LargeBinary),
    sa.UniqueConstraint("org_id", "connection_id", "document_type", "idempotency_key"),
    sa.Index(None, "org_id", "document_type", "id"),
    # Without the organisation, so that nothing else can be taken for it; a connection belongs to one anyway.
    sa.Index("ix_documents_source", "connection_id", "document_type", "stream", "source_id"),
    sqlite_with_rowid=False,
)

idempotency_schemes = sa.Table(
    "idempotency_schemes",
    metadata,
    org(),
    connection(),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("document_type", sa.Text, primary_key=True),
    sa.Column("accepted_at", Instant, nullable=False),
)

versions = sa.Table(
    "versions",
    metadata,
    org(),
    connection(),
    sa.Column("document_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("payload_hash", sa.LargeBinary, nullable=False),
    text("payload"),
    text("source_id", null=True),
    sa.Column("source_time", Instant),
    number("contract_version"),
    number("page_id"),
    number("superseded"),
)

pages = sa.Table(
    "pages",
    metadata,
    org(),
    connection(),
    row_id(),
    text("run_id"),
    number("attempt"),
    text("stream"),
    text("mode"),
    text("connector"),
    text("connector_version"),
    sa.Column("scheduled_for", Instant),
    number("exchange", null=True),
    text("receipt_id", null=True),
    sa.Column("committed_at", Instant, nullable=False),
    sa.Column("bare", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_pages_run", "org_id", "connection_id", "run_id"),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    org(),
    connection(),
    row_id(),
    text("stream"),
    text("document_type"),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    text("idempotency_key", null=True),
    text("source_id", null=True),
    text("payload", null=True),
    text("reason"),
    text("message"),
    sa.Column("errors", Json, nullable=False),
    text("state"),
    number("times"),
    text("run_id"),
    sa.Column("first_seen_at", Instant, nullable=False),
    sa.Column("last_seen_at", Instant, nullable=False),
    sa.Column("source_time", Instant),
    sa.Column("source_id_fixed", sa.Boolean, nullable=False, server_default=sa.false()),
    text("replayed_run_id", null=True),
    sa.UniqueConstraint("org_id", "connection_id", "stream", "document_type", "fingerprint"),
)
