"""What keeps a run: whatever it wrote that is never forgotten, and whatever else is still told of it.

A run that changed a document has a page that the version names, one that changed a claim in the graph has kept how it
can be undone; both are for ever, and so is the run, which says where they came from. Any other goes in the end, but for
the last few polls of a stream, by which it is told how the stream fares.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from levada_runtime.store.tables import (
    backfills,
    graph_undo,
    pages,
    plans,
    receipts,
    run_exchanges,
    run_logs,
    run_recordings,
    runs,
    ticks,
)

Old = sa.ColumnElement[bool]
_ENDED: Final = ("succeeded", "partial", "failed", "cancelled")
_LATEST: Final = 5
"""How many polls of a stream stay in each state."""


def bare_pages() -> Old:
    """Tell the pages that no version and no event names: they said only as of when documents are confirmed."""
    return pages.c.bare.is_(True)


def left_behind_nothing() -> Sequence[Old]:
    """Return what tells runs that have ended and that nothing is kept of, nor because of."""
    return [
        runs.c.state.in_(_ENDED),
        *(~_there(table, named) for table, named in _OF_RUN),
        sa.or_(runs.c.observing.is_(True), ~_held()),
        sa.or_(runs.c.mode != "poll", _followed()),
    ]


def _held() -> Old:
    """Tell runs of which a sync was held: once that is approved, what it claims names the run."""
    counts = sa.type_coerce(runs.c.counts, sa.Text)
    return sa.and_(counts.like('%"held":%'), counts.notlike('%"held":0%'))


def _followed() -> Old:
    """Tell polls that enough others of their stream have followed, which ended in the same way."""
    newer = runs.alias("newer")
    same = [newer.c[name] == runs.c[name] for name in ("org_id", "connection_id", "stream", "state")]
    # The condition on the mode stands word for word as in the index of polls.
    query = sa.select(newer.c.id).where(*same, sa.text("newer.mode = 'poll'"), newer.c.id > runs.c.id)
    return query.order_by(newer.c.id).offset(_LATEST - 1).limit(1).scalar_subquery().is_not(None)


def _there(table: sa.Table, named: Mapping[str, str]) -> Old:
    """Tell runs for which the table has a row that they are named by: its columns, and those of the run."""
    return sa.exists().where(*(table.c[name] == runs.c[of] for name, of in named.items()))


_SCOPE: Final = {"org_id": "org_id", "connection_id": "connection_id"}
_OF_RUN: Final[Sequence[tuple[sa.Table, Mapping[str, str]]]] = (
    (pages, {**_SCOPE, "run_id": "id"}),
    (graph_undo, {"org_id": "org_id", "run_id": "id"}),
    (run_logs, {**_SCOPE, "run_id": "id"}),
    (run_exchanges, {**_SCOPE, "run_id": "id"}),
    (run_recordings, {**_SCOPE, "run_id": "id"}),
    (receipts, {**_SCOPE, "id": "receipt_id"}),
    (backfills, {**_SCOPE, "id": "backfill_id"}),
    (plans, {**_SCOPE, "id": "plan_id"}),
    (ticks, {**_SCOPE, "stream": "stream", "scheduled_for": "scheduled_for", "run_id": "id"}),
)
