"""The entity graph: claims, and what they add up to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "entities",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("traits", sa.Text().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_written", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_entities")),
        sa.UniqueConstraint("org_id", "external_id", "kind", name=op.f("uq_entities_org_id_external_id_kind")),
        sa.UniqueConstraint("org_id", "uid", name=op.f("uq_entities_org_id_uid")),
    )
    op.create_index(op.f("ix_entities_org_id_kind_id"), "entities", ["org_id", "kind", "id"], unique=False)
    op.create_table(
        "entity_claims",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("class", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("traits", sa.Text(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("asserted", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "source", "entity_id", name=op.f("pk_entity_claims")),
    )
    op.create_index(op.f("ix_entity_claims_org_id_entity_id"), "entity_claims", ["org_id", "entity_id"], unique=False)
    op.create_table(
        "relationships",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("properties", sa.Text().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_written", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_relationships")),
        sa.UniqueConstraint(
            "org_id", "from_id", "verb", "to_id", name=op.f("uq_relationships_org_id_from_id_verb_to_id")
        ),
    )
    op.create_index(op.f("ix_relationships_org_id_to_id"), "relationships", ["org_id", "to_id"], unique=False)
    op.create_table(
        "relationship_claims",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("relationship_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("asserted", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "source", "relationship_id", name=op.f("pk_relationship_claims")),
    )
    op.create_index(
        op.f("ix_relationship_claims_org_id_relationship_id"),
        "relationship_claims",
        ["org_id", "relationship_id"],
        unique=False,
    )
    op.create_table(
        "graph_sources",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sync_id", sa.Text(), nullable=True),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "source", name=op.f("pk_graph_sources")),
    )
