"""Which work may be claimed: the oldest unfinished row of each line, while nothing of that line is being done.

A line is an organisation, a connection and a key. The lines are walked along their index from one head to the next, so
that ten thousand rows behind one head cost nothing. Each database is asked in the form that goes by that index also
where nobody has analysed the table: SQLite compares rows by their first column only, and PostgreSQL, asked column by
column, takes another index and was seen to need most of a minute for ten thousand lines.
"""

from datetime import datetime

import sqlalchemy as sa

from levada_runtime.store.columns import from_micros, to_micros
from levada_runtime.store.work_model import DueWork, WaitingWork

_COLUMNS = ("id", "org_id", "connection_id", "key", "state", "kind", "priority", "not_before", "reserved_for")
_LINE = "org_id, connection_id, key, id"


def due(connection: sa.Connection, now: datetime, limit: int) -> list[DueWork]:
    """Return the work that may be claimed now: at most `limit` pieces of each organisation, its most urgent ones."""
    statement = f"""
        WITH RECURSIVE {_heads(connection)}
        SELECT id, org_id, kind, priority, not_before FROM (
            SELECT head.*, row_number() OVER (PARTITION BY org_id ORDER BY priority, id) AS place
            FROM head WHERE {_FREE}
        ) AS placed WHERE place <= :limit ORDER BY priority, id
    """  # noqa: S608 - the names stand in this module
    found = connection.execute(sa.text(statement), {"now": to_micros(now), "limit": limit})
    return [DueWork(one, org_id, kind, priority, from_micros(at)) for one, org_id, kind, priority, at in found]


def waiting(connection: sa.Connection, now: datetime) -> list[WaitingWork]:
    """Return what is due and not taken, by kind."""
    statement = f"""
        WITH RECURSIVE {_heads(connection)}
        SELECT kind, count(*), min(not_before) FROM head WHERE {_FREE} GROUP BY kind ORDER BY kind
    """  # noqa: S608 - the same
    found = connection.execute(sa.text(statement), {"now": to_micros(now)})
    return [WaitingWork(kind, lines, from_micros(oldest)) for kind, lines, oldest in found]


_FREE = """head.state = 'queued' AND head.not_before <= :now AND head.reserved_for IS NULL AND NOT EXISTS (
    SELECT 1 FROM work AS busy WHERE busy.state = 'running' AND busy.org_id = head.org_id
      AND busy.connection_id = head.connection_id AND busy.key = head.key)"""


def _heads(connection: sa.Connection) -> str:
    """Return the common table of every line's oldest unfinished row."""
    is_sqlite = connection.dialect.name == "sqlite"
    names = ", ".join(_COLUMNS)
    theirs = ", ".join(f"work.{name}" for name in _COLUMNS)
    lines = f"work {'INDEXED BY ix_work_head ' if is_sqlite else ''}WHERE state IN ('queued', 'running')"
    following = _column_by_column(lines) if is_sqlite else _row_by_row(lines)
    return f"""head ({names}) AS (
        SELECT * FROM (SELECT {names} FROM {lines} ORDER BY {_LINE} LIMIT 1) AS first
        UNION ALL
        SELECT {theirs} FROM head JOIN work ON work.id = {following})"""  # noqa: S608 - the same


def _row_by_row(lines: str) -> str:
    behind = "(org_id, connection_id, key) > (head.org_id, head.connection_id, head.key)"
    return f"(SELECT id FROM {lines} AND {behind} ORDER BY {_LINE} LIMIT 1)"  # noqa: S608 - the same


def _column_by_column(lines: str) -> str:
    behind = (
        "org_id = head.org_id AND connection_id = head.connection_id AND key > head.key",
        "org_id = head.org_id AND connection_id > head.connection_id",
        "org_id > head.org_id",
    )
    looks = [f"(SELECT id FROM {lines} AND {one} ORDER BY {_LINE} LIMIT 1)" for one in behind]  # noqa: S608 - the same
    return f"COALESCE({', '.join(looks)})"
