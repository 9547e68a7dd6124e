"""What is known of connectors' trust, and what runs recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "connector_approvals",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("declaration", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_connector_approvals")),
    )
    op.create_table(
        "connector_quarantines",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source_hash", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("during", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("quarantined_at", sa.BigInteger(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", "source_hash", name=op.f("pk_connector_quarantines")),
    )
    op.create_table(
        "run_recordings",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("exchange", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "connection_id", "run_id", "ordinal", name=op.f("pk_run_recordings")),
    )
    op.add_column("runs", sa.Column("sandbox_layers", sa.Text()))
    op.add_column("connections", sa.Column("recording", sa.Boolean(), nullable=False, server_default=sa.false()))
