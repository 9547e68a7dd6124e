"""The graph's history, syncs that are held, parts of large ones, and which source goes first."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "entity_history",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("traits", sa.Text().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "entity_id", "since", name=op.f("pk_entity_history")),
    )
    op.create_index(op.f("ix_entity_history_org_id_until"), "entity_history", ["org_id", "until"], unique=False)
    op.create_table(
        "relationship_history",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("relationship_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("properties", sa.Text().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "relationship_id", "since", name=op.f("pk_relationship_history")),
    )
    op.create_index(
        op.f("ix_relationship_history_org_id_to_id"), "relationship_history", ["org_id", "to_id"], unique=False
    )
    op.create_index(
        op.f("ix_relationship_history_org_id_until"), "relationship_history", ["org_id", "until"], unique=False
    )
    op.create_index(
        op.f("ix_relationship_history_org_id_from_id"), "relationship_history", ["org_id", "from_id"], unique=False
    )
    op.create_table(
        "graph_held",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sync_id", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("held_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_graph_held")),
    )
    op.create_index(op.f("ix_graph_held_org_id_state_id"), "graph_held", ["org_id", "state", "id"], unique=False)
    op.create_table(
        "graph_parts",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "of", "ordinal", name=op.f("pk_graph_parts")),
    )
    op.create_table(
        "graph_priorities",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "kind", name=op.f("pk_graph_priorities")),
    )
    op.add_column("api_keys", sa.Column("guard", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("pages", sa.Column("bare", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("ix_pages_run", "pages", ["org_id", "connection_id", "run_id"], unique=False)
    for table in ("entities", "relationships"):
        op.add_column(table, sa.Column("since", sa.BigInteger(), server_default="0", nullable=False))
        op.create_index(op.f(f"ix_{table}_org_id_since"), table, ["org_id", "since"], unique=False)
    op.add_column("graph_sources", sa.Column("changes", sa.BigInteger(), server_default="0", nullable=False))
    gone = sa.text("deleted_at IS NOT NULL")
    op.create_index("ix_entities_gone", "entities", ["org_id", "id"], sqlite_where=gone, postgresql_where=gone)
    op.execute("UPDATE entities SET since = COALESCE(deleted_at, last_written)")
    op.execute("UPDATE relationships SET since = last_written")
