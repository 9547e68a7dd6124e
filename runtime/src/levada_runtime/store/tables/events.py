"""Events: what committed and what users sent, in one line for each connection; and the keys users sent them under.

An event whose version is the previous one tells of a document that was retired or revived with its payload as it was:
a turn, of which there are few, so that they are found by their document.
"""

import sqlalchemy as sa

from levada_runtime.store.columns import Instant, Json
from levada_runtime.store.tables.shape import connection, metadata, number, org, row_id, text

events = sa.Table(
    "events",
    metadata,
    org(),
    connection(),
    row_id(),
    text("source"),
    text("type"),
    sa.Column("received_at", Instant, nullable=False),
    text("subject", null=True),
    number("document_id", null=True),
    number("version", null=True),
    number("previous", null=True),
    number("page_id", null=True),
    sa.Column("payload", Json),
    sa.Column("cause", Json),
    sa.Column("happened_at", Instant),
    sa.Index(
        "ix_events_turns",
        "org_id",
        "connection_id",
        "document_id",
        "id",
        sqlite_where=sa.text("version = previous"),
        postgresql_where=sa.text("version = previous"),
    ),
    sqlite_with_rowid=False,
)

event_keys = sa.Table(
    "event_keys",
    metadata,
    org(),
    sa.Column("key", sa.Text, primary_key=True),
    number("event_id"),
    sa.Column("received_at", Instant, nullable=False),
)
