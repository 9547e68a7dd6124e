"""Events in one line for each connection, whatever they tell of."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


_OLD = """
    INSERT INTO events (org_id, connection_id, id, source, type, received_at, document_id, version, page_id)
    SELECT old.org_id, old.connection_id, old.page_id + old.ordinal, old.type, old.document_type, pages.committed_at,
           old.document_id, old.version, old.page_id
    FROM first_events AS old
    JOIN pages ON pages.org_id = old.org_id AND pages.connection_id = old.connection_id AND pages.id = old.page_id
"""


def upgrade() -> None:
    op.execute("CREATE TABLE first_events AS SELECT * FROM events")
    op.drop_table("events")
    op.create_table(
        "events",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("document_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("previous", sa.BigInteger(), nullable=True),
        sa.Column("page_id", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("happened_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "connection_id", "id", name=op.f("pk_events")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_keys",
        sa.Column("org_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "key", name=op.f("pk_event_keys")),
    )
    op.execute(_OLD)
    op.drop_table("first_events")
