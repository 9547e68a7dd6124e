"""Pipelines, the secrets they may name, and what they deliver."""

import sqlalchemy as sa

from levada_runtime.store.columns import Instant, Json
from levada_runtime.store.tables.shape import connection, metadata, number, org, row_id, text

pipelines = sa.Table(
    "pipelines",
    metadata,
    org(),
    sa.Column("name", sa.Text, primary_key=True),
    text("state"),
    number("version"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

pipeline_versions = sa.Table(
    "pipeline_versions",
    metadata,
    org(),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    text("definition"),
    sa.Column("deployed_at", Instant, nullable=False),
)

pipeline_figures = sa.Table(
    "pipeline_figures",
    metadata,
    org(),
    sa.Column("name", sa.Text, primary_key=True),
    number("events"),
    number("dropped"),
    number("upserted"),
    number("enriched"),
    number("missed"),
    number("failed"),
    number("looped"),
    number("stopped"),
    number("deliveries"),
    number("unrendered"),
    number("delivered"),
    number("dead"),
    sa.Column("failures", Json, nullable=False),
)

org_secrets = sa.Table(
    "org_secrets",
    metadata,
    org(),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    org(),
    connection(),
    row_id(),
    text("uid"),
    number("event_id"),
    text("pipeline"),
    number("pipeline_version"),
    number("destination"),
    text("destination_type"),
    text("target"),
    text("subject", null=True),
    text("state"),
    number("attempts"),
    number("spent"),
    sa.Column("fields", Json, nullable=False),
    text("body"),
    text("reason", null=True),
    sa.Column("next_at", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint(
        "org_id",
        "connection_id",
        "event_id",
        "pipeline",
        "pipeline_version",
        "destination",
        name="uq_deliveries_once",
    ),
    sa.Index(None, "org_id", "id"),
    sa.Index(None, "org_id", "state", "id"),
)

delivery_attempts = sa.Table(
    "delivery_attempts",
    metadata,
    org(),
    connection(),
    sa.Column("delivery_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    number("status", null=True),
    number("latency_ms"),
    text("excerpt", null=True),
    text("error", null=True),
)

circuits = sa.Table(
    "circuits",
    metadata,
    org(),
    sa.Column("target", sa.Text, primary_key=True),
    number("failures"),
    sa.Column("open_until", Instant),
)
