"""The entity graph: what each source claims, and the entities and relationships that the claims add up to."""

import sqlalchemy as sa

from levada_runtime.store.columns import Instant, JsonObject
from levada_runtime.store.tables.shape import metadata, number, org, row_id, text

entities = sa.Table(
    "entities",
    metadata,
    org(),
    row_id(),
    text("uid"),
    text("kind"),
    text("external_id"),
    text("class"),
    text("display_name"),
    sa.Column("traits", JsonObject, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("last_written", Instant, nullable=False),
    sa.Column("deleted_at", Instant),
    sa.UniqueConstraint("org_id", "kind", "external_id"),
    sa.UniqueConstraint("org_id", "uid"),
)

entity_claims = sa.Table(
    "entity_claims",
    metadata,
    org(),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("entity_id", sa.BigInteger, primary_key=True, autoincrement=False),
    text("class", null=True),
    text("display_name", null=True),
    sa.Column("traits", JsonObject, nullable=False),
    sa.Column("asserted", JsonObject, nullable=False),
    text("run_id", null=True),
    sa.Column("claimed_at", Instant, nullable=False),
    sa.Index(None, "org_id", "entity_id"),
)

relationships = sa.Table(
    "relationships",
    metadata,
    org(),
    row_id(),
    number("from_id"),
    text("verb"),
    number("to_id"),
    sa.Column("properties", JsonObject, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("last_written", Instant, nullable=False),
    sa.UniqueConstraint("org_id", "from_id", "verb", "to_id"),
    sa.Index(None, "org_id", "to_id"),
)

relationship_claims = sa.Table(
    "relationship_claims",
    metadata,
    org(),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("relationship_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("properties", JsonObject, nullable=False),
    sa.Column("asserted", JsonObject, nullable=False),
    text("run_id", null=True),
    sa.Column("claimed_at", Instant, nullable=False),
    sa.Index(None, "org_id", "relationship_id"),
)

graph_sources = sa.Table(
    "graph_sources",
    metadata,
    org(),
    sa.Column("source", sa.Text, primary_key=True),
    text("sync_id", null=True),
    sa.Column("synced_at", Instant, nullable=False),
)
