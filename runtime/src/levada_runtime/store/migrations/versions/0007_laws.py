"""Documents are found by their id at the source, keyed anew where an operator says so, and plans are applied."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "idempotency_schemes",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("document_type", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "org_id", "connection_id", "stream", "document_type", name=op.f("pk_idempotency_schemes")
        ),
    )
    op.add_column("documents", sa.Column("rekeyed_at", sa.BigInteger()))
    op.add_column("documents", sa.Column("fingerprint", sa.LargeBinary()))
    op.create_index("ix_documents_source", "documents", ["connection_id", "document_type", "stream", "source_id"])
    op.add_column("quarantine", sa.Column("source_time", sa.BigInteger()))
    op.add_column("quarantine", sa.Column("source_id_fixed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("quarantine", sa.Column("replayed_run_id", sa.Text()))
    op.create_index(
        "ix_events_turns",
        "events",
        ["org_id", "connection_id", "document_id", "id"],
        sqlite_where=sa.text("version = previous"),
        postgresql_where=sa.text("version = previous"),
    )
    op.create_table(
        "graph_undo",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "run_id", "id", name=op.f("pk_graph_undo")),
    )
    op.add_column("runs", sa.Column("reverts", sa.Text()))
    op.add_column("plans", sa.Column("applied_at", sa.BigInteger()))
    op.add_column("plans", sa.Column("applied_run_id", sa.Text()))
