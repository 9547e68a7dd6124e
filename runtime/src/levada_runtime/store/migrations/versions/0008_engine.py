"""Backfills, rate budgets, OAuth2 tokens and an audit log; streams say what becomes of moments that cannot be taken."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "backfills",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("slice", sa.Text(), nullable=False),
        sa.Column("slices", sa.BigInteger(), nullable=False),
        sa.Column("entered", sa.BigInteger(), nullable=False),
        sa.Column("parallel", sa.BigInteger(), nullable=False),
        sa.Column("cancel_requested_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "connection_id", "id", name=op.f("pk_backfills")),
    )
    op.create_index(op.f("ix_backfills_org_id_id"), "backfills", ["org_id", "id"], unique=False)
    op.create_table(
        "rate_budgets",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "credential", "host", name=op.f("pk_rate_budgets")),
    )
    op.create_table(
        "oauth_tokens",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("refreshing_by", sa.Text(), nullable=True),
        sa.Column("refreshing_until", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "connection_id", "credential", name=op.f("pk_oauth_tokens")),
    )
    op.create_table(
        "audit",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["org_id", "at"], unique=False)
    op.add_column("streams", sa.Column("overlap", sa.Text(), nullable=False, server_default="skip"))
    op.add_column("streams", sa.Column("missed", sa.Text(), nullable=False, server_default="catch_up"))
    op.add_column("streams", sa.Column("slice", sa.Text()))
    op.add_column("streams", sa.Column("schedule_changed_at", sa.BigInteger()))
    op.add_column("runs", sa.Column("backfill_id", sa.Text()))
    op.add_column("runs", sa.Column("window_from", sa.BigInteger()))
    op.add_column("runs", sa.Column("window_until", sa.BigInteger()))
    op.add_column("runs", sa.Column("cancel_requested_at", sa.BigInteger()))
    op.create_index(
        "ix_runs_polls",
        "runs",
        ["org_id", "connection_id", "stream", "state", "id"],
        sqlite_where=sa.text("mode = 'poll'"),
        postgresql_where=sa.text("mode = 'poll'"),
    )
    op.create_index(
        "ix_runs_backfill",
        "runs",
        ["backfill_id", "state", "window_from"],
        sqlite_where=sa.text("backfill_id IS NOT NULL"),
        postgresql_where=sa.text("backfill_id IS NOT NULL"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # What was done in a line lies before its head in the index until it is vacuumed, and work is kept for weeks.
        op.execute(
            "ALTER TABLE work SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,"
            " autovacuum_analyze_scale_factor = 0.02)"
        )
    op.drop_index("ix_work_due", "work")
    for name, columns, state in (
        ("ix_work_due", ["not_before"], "queued"),
        ("ix_work_running", ["org_id", "connection_id", "key"], "running"),
        ("ix_work_dead", ["kind"], "dead"),
    ):
        where = sa.text(f"state = '{state}'")
        op.create_index(name, "work", columns, sqlite_where=where, postgresql_where=where)
    op.add_column("ticks", sa.Column("until", sa.BigInteger()))
    op.add_column("ticks", sa.Column("count", sa.BigInteger(), nullable=False, server_default="1"))
