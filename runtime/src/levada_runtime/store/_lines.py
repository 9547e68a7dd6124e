"""Which work may be claimed: the oldest unfinished row of a line, if it is due and nothing of that line is being done.

A line is an organisation, a connection and a key. A row that is due is asked whether it is the first of all that is
unfinished in its line: a look costs what is due, and neither fifty thousand rows that wait for another attempt nor what
is done already.

Each database is asked in the form that goes by the index of lines also where nobody has analysed the table. SQLite is
told which it is. PostgreSQL is asked for the first row from a line on, in the order of that index: asked for "nothing
older in this line", it compared ten thousand lines with each other, and took most of a minute; so no other index may
serve that look, whatever it believes to know of the table. And it is asked once a line, not once a row, since what was
done in a line stands before its head in the index until it is vacuumed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from levada_runtime.store.columns import from_micros, to_micros
from levada_runtime.store.work_model import DueWork, WaitingWork

_COLUMNS = "id, org_id, connection_id, key, kind, priority, not_before, queued_at, reserved_for, code_version"
_UNFINISHED = "state IN ('queued', 'running')"
_OF_LINE = {
    "sqlite": "org_id = due.org_id AND connection_id = due.connection_id AND key = due.key",
    "postgresql": "(org_id, connection_id, key) >= (due.org_id, due.connection_id, due.key)",
}
_DUE = {
    "sqlite": "SELECT {columns} FROM work INDEXED BY ix_work_due WHERE {of_due}",
    "postgresql": """SELECT {columns} FROM (
            SELECT {columns}, row_number() OVER (PARTITION BY org_id, connection_id, key ORDER BY id) AS nth
            FROM work WHERE {of_due}
        ) AS numbered WHERE nth = 1""",
}
_FREE = """
    WITH due AS (
        {due}
    ), free AS (
        SELECT {columns}, CASE WHEN not_before > queued_at THEN not_before ELSE queued_at END AS due_since
        FROM due WHERE reserved_for IS NULL AND code_version IN :versions AND id = (
            SELECT id FROM work {by_line} WHERE {unfinished} AND {of_line}
            ORDER BY org_id, connection_id, key, id LIMIT 1
        ) AND NOT EXISTS (
            SELECT 1 FROM work AS busy WHERE busy.state = 'running' AND busy.org_id = due.org_id
              AND busy.connection_id = due.connection_id AND busy.key = due.key
        )
    )
"""
_MOST_URGENT = """
    SELECT id, org_id, kind, urgency, not_before FROM (
        SELECT aged.*, row_number() OVER (PARTITION BY org_id ORDER BY urgency, id) AS place FROM (
            SELECT free.*, CASE WHEN kind <> 'backfill' AND due_since <= :long_ago THEN 0 ELSE priority END AS urgency
            FROM free
        ) AS aged
    ) AS placed WHERE place <= :limit ORDER BY urgency, id
"""
_BY_KIND = "SELECT kind, count(*), min(due_since) FROM free GROUP BY kind ORDER BY kind"
_LONG = timedelta(minutes=1)


def due(connection: sa.Connection, now: datetime, limit: int, versions: Sequence[str]) -> list[DueWork]:
    """Return the work of these versions that may be claimed now: of each organisation the `limit` most urgent pieces.

    What has been due for a minute is as urgent as anything, so that no flood of a more urgent class keeps it waiting;
    but backfills, which have time.
    """
    found = _asked(connection, _MOST_URGENT, now, versions, limit=limit, long_ago=to_micros(now - _LONG))
    return [DueWork(row[0], row[1], row[2], row[3], from_micros(row[4])) for row in found]


def waiting(connection: sa.Connection, now: datetime, versions: Sequence[str]) -> list[WaitingWork]:
    """Return what of these versions is due and not taken, by kind."""
    found = _asked(connection, _BY_KIND, now, versions)
    return [WaitingWork(row[0], row[1], from_micros(row[2])) for row in found]


def _asked(
    connection: sa.Connection, question: str, now: datetime, versions: Sequence[str], **values: int
) -> list[tuple[Any, ...]]:
    name = connection.dialect.name
    free = _FREE.format(
        due=_DUE[name].format(columns=_COLUMNS, of_due="state = 'queued' AND not_before <= :now"),
        columns=_COLUMNS,
        unfinished=_UNFINISHED,
        of_line=_OF_LINE[name],
        by_line="INDEXED BY ix_work_head" if name == "sqlite" else "",
    )
    asked = sa.text(free + question).bindparams(sa.bindparam("versions", expanding=True))
    found = connection.execute(asked, {"now": to_micros(now), "versions": list(versions), **values})
    return [tuple(row) for row in found]
