"""Who may do what, and the connections with their streams and checkpoints."""

import sqlalchemy as sa

from levada_runtime.store.columns import Instant, Json
from levada_runtime.store.tables.shape import connection, metadata, number, org, row_id, text

orgs = sa.Table("orgs", metadata, row_id(), text("name"), sa.Column("created_at", Instant), sa.UniqueConstraint("name"))

api_keys = sa.Table(
    "api_keys",
    metadata,
    org(),
    sa.Column("id", sa.Text, primary_key=True),
    text("name"),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("scopes", Json, nullable=False),
    sa.Column("guard", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("last_used_at", Instant),
    sa.Column("revoked_at", Instant),
)

connectors = sa.Table(
    "connectors",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    text("distribution"),
    text("version"),
    text("source_hash"),
    text("state"),
    text("reason", null=True),
    sa.Column("manifest", Json),
    text("described_by"),
    sa.Column("described_at", Instant, nullable=False),
)

connector_approvals = sa.Table(
    "connector_approvals",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    text("version"),
    sa.Column("declaration", Json, nullable=False),
    sa.Column("approved_at", Instant, nullable=False),
)

connector_quarantines = sa.Table(
    "connector_quarantines",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("source_hash", sa.Text, primary_key=True),
    text("version"),
    text("reason"),
    text("message"),
    text("during"),
    text("run_id", null=True),
    sa.Column("quarantined_at", Instant, nullable=False),
    sa.Column("released_at", Instant),
)

connections = sa.Table(
    "connections",
    metadata,
    org(),
    row_id(),
    text("uid"),
    text("name"),
    text("connector"),
    sa.Column("settings", Json, nullable=False),
    text("mode"),
    text("state"),
    text("state_reason", null=True),
    sa.Column("recording", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("org_id", "name"),
    sa.UniqueConstraint("org_id", "uid"),
)

secrets = sa.Table(
    "secrets",
    metadata,
    org(),
    connection(),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

streams = sa.Table(
    "streams",
    metadata,
    org(),
    connection(),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("modes", Json, nullable=False),
    text("schedule", null=True),
    text("override", null=True),
    text("timezone"),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("overlap", sa.Text, nullable=False, server_default="skip"),
    sa.Column("missed", sa.Text, nullable=False, server_default="catch_up"),
    text("slice", null=True),
    sa.Column("schedule_changed_at", Instant),
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    org(),
    connection(),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("partition", sa.Text, primary_key=True),
    sa.Column("state", Json, nullable=False),
    text("run_id"),
    sa.Column("updated_at", Instant, nullable=False),
)

oauth_tokens = sa.Table(
    "oauth_tokens",
    metadata,
    org(),
    connection(),
    sa.Column("credential", sa.LargeBinary, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", Instant),
    number("fence"),
    text("refreshing_by", null=True),
    sa.Column("refreshing_until", Instant),
    sa.Column("updated_at", Instant, nullable=False),
)

rate_budgets = sa.Table(
    "rate_budgets",
    metadata,
    org(),
    sa.Column("credential", sa.LargeBinary, primary_key=True),
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("state", Json, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    org(),
    row_id(),
    sa.Column("at", Instant, nullable=False),
    text("actor"),
    text("action"),
    text("subject"),
    sa.Column("details", Json, nullable=False),
    sa.Index("ix_audit_at", "org_id", "at"),
)
