"""The entity graph: what each source claims, and the entities and relationships that the claims add up to.

A claim's values are kept as JSON text, which gives back exactly what was said on every database; what is added up is
kept so that it may be asked about. `stamp` and `asserted` say since when a claim says what it says: each is the clock's
microseconds, raised past every earlier assertion on the same entity.

Of a source that syncs it is counted how often its claims on entities were changed, whoever changed them, so that what
was found out of them before can be told to hold still.

History is kept as intervals. What is now has stood so `since`; how it stood before is a row of the history, from its
`since` up to, and without, its `until`. A thing's instants rise strictly, also where the clock does not.
"""

import sqlalchemy as sa

from levada_runtime.store.columns import Instant, Json, JsonObject
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
    sa.Column("since", Instant, nullable=False, server_default="0"),
    sa.UniqueConstraint("org_id", "external_id", "kind"),
    sa.UniqueConstraint("org_id", "uid"),
    sa.Index(None, "org_id", "kind", "id"),
    sa.Index(
        "ix_entities_gone",
        "org_id",
        "id",
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    ),
    sa.Index(None, "org_id", "since"),
)

entity_claims = sa.Table(
    "entity_claims",
    metadata,
    org(),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("entity_id", sa.BigInteger, primary_key=True, autoincrement=False),
    text("class", null=True),
    text("display_name", null=True),
    sa.Column("traits", Json, nullable=False),
    number("stamp"),
    sa.Column("asserted", Json, nullable=False),
    text("run_id", null=True),
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
    sa.Column("since", Instant, nullable=False, server_default="0"),
    sa.UniqueConstraint("org_id", "from_id", "verb", "to_id"),
    sa.Index(None, "org_id", "to_id"),
    sa.Index(None, "org_id", "since"),
)

relationship_claims = sa.Table(
    "relationship_claims",
    metadata,
    org(),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("relationship_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("properties", Json, nullable=False),
    number("stamp"),
    sa.Column("asserted", Json, nullable=False),
    text("run_id", null=True),
    sa.Index(None, "org_id", "relationship_id"),
)

graph_undo = sa.Table(
    "graph_undo",
    metadata,
    org(),
    sa.Column("run_id", sa.Text, primary_key=True),
    row_id(),
    sa.Column("changes", Json, nullable=False),
)

graph_sources = sa.Table(
    "graph_sources",
    metadata,
    org(),
    sa.Column("source", sa.Text, primary_key=True),
    text("sync_id", null=True),
    sa.Column("synced_at", Instant, nullable=False),
    sa.Column("changes", sa.BigInteger, nullable=False, server_default="0"),
)

entity_history = sa.Table(
    "entity_history",
    metadata,
    org(),
    sa.Column("entity_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("since", Instant, primary_key=True),
    sa.Column("until", Instant, nullable=False),
    text("class"),
    text("display_name"),
    sa.Column("traits", JsonObject, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Index(None, "org_id", "until"),
)

relationship_history = sa.Table(
    "relationship_history",
    metadata,
    org(),
    sa.Column("relationship_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("since", Instant, primary_key=True),
    sa.Column("until", Instant, nullable=False),
    number("from_id"),
    text("verb"),
    number("to_id"),
    sa.Column("properties", JsonObject, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Index(None, "org_id", "until"),
    sa.Index(None, "org_id", "from_id"),
    sa.Index(None, "org_id", "to_id"),
)

graph_held = sa.Table(
    "graph_held",
    metadata,
    org(),
    sa.Column("id", sa.Text, primary_key=True),
    text("source"),
    text("sync_id", null=True),
    text("run_id", null=True),
    text("state"),
    sa.Column("counts", Json, nullable=False),
    sa.Column("reasons", Json, nullable=False),
    sa.Column("held_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Index(None, "org_id", "state", "id"),
)

graph_parts = sa.Table(
    "graph_parts",
    metadata,
    org(),
    sa.Column("of", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("rows", sa.LargeBinary, nullable=False),
    sa.Column("kept_at", Instant, nullable=False),
)

graph_priorities = sa.Table(
    "graph_priorities",
    metadata,
    org(),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("sources", Json, nullable=False),
    sa.Column("set_at", Instant, nullable=False),
)
