"""How far backfills have come is added up by the store: the same figures, however many slices there are."""

import random
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from levada_runtime.foundation.ids import new_uuid
from levada_runtime.store import tables
from levada_runtime.store.backfills_model import BackfillRow, Progress

COUNTED = ("created", "unchanged")
START = datetime(2025, 1, 1, tzinfo=UTC)
STATES = ("queued", "running", "succeeded", "partial", "failed", "cancelled")


def backfill(now):
    return BackfillRow(1, 2, new_uuid(), "days", "running", START, START + timedelta(days=9), "P1D", 9, 9, 2, now, now)


def entered(chance, row, now, slices=9, most=3):
    """Return some runs of some of its slices, the later ones later."""
    rows = []
    for number in range(slices):
        for again in range(chance.randrange(most + 1)):
            state = chance.choice(STATES)
            counts = {"created": chance.randrange(9), "unchanged": chance.randrange(9)} if again else {}
            started = now + timedelta(seconds=again * 100 + number)
            rows.append(
                {
                    "org_id": 1, "connection_id": 2, "id": new_uuid(), "connector": "acme", "stream": "days",
                    "mode": "backfill", "observing": False, "state": state, "attempt": 1, "counts": counts,
                    "pages": chance.randrange(9), "http_requests": chance.randrange(9), "http_bytes": 7,
                    "backfill_id": row.id, "window_from": START + timedelta(days=number),
                    "window_until": START + timedelta(days=number + 1), "queued_at": now + timedelta(seconds=again),
                    "started_at": started, "finished_at": started + timedelta(seconds=5),
                }
            )  # fmt: skip
    return rows


def told_of(rows):
    """Return the same, added up here."""
    last = {one["window_from"]: one for one in sorted(rows, key=lambda one: (one["queued_at"], one["id"]))}
    states = [one["state"] for one in last.values()]
    counts = {name: sum(one["counts"].get(name, 0) for one in rows) for name in COUNTED}
    usage = (sum(one[name] for one in rows) for name in ("pages", "http_requests", "http_bytes"))
    return Progress({state: states.count(state) for state in set(states)}, counts, *usage)


@pytest.fixture
def put(store):
    def put(rows):
        with store.write() as uow:
            uow._connection.execute(sa.insert(tables.runs), rows)

    return put


def test_what_is_added_up_is_what_the_slices_say(store, clock, put):
    """Only the last run of a slice tells how it stands; all of them count."""
    chance = random.Random(6)
    rows = [backfill(clock.now()) for _ in range(12)]
    runs = {row.id: entered(chance, row, clock.now()) for row in rows}
    put([one for some in runs.values() for one in some])
    with store.read() as uow:
        found = uow.backfills.progress(1, [row.id for row in rows[1:]], COUNTED)
        assert found == {row.id: told_of(runs[row.id]) for row in rows[1:]}
        assert uow.backfills.progress(9, [row.id for row in rows], COUNTED) == {}
        latest = uow.backfills.latest(rows[1], ("succeeded", "partial"), 3)
    done = [one for one in runs[rows[1].id] if one["state"] in ("succeeded", "partial")]
    ended = sorted((one["finished_at"] for one in done), reverse=True)[:3]
    assert [end for _, end in latest] == ended


def test_a_list_asks_the_same_however_many_slices_there_are(clock, installation):
    """Two questions for all of them, and the holes of those that have any."""
    chance, now = random.Random(7), clock.now()
    with installation.store.write() as uow:
        for _ in range(5):
            row = backfill(now)
            row = BackfillRow(**{**{name: getattr(row, name) for name in row.__dataclass_fields__},
                                 "org_id": installation.org.id, "state": "succeeded", "slices": 400})  # fmt: skip
            uow.backfills.add(row)
            rows = [{**one, "org_id": row.org_id, "state": "succeeded"} for one in entered(chance, row, now, 400)]
            uow._connection.execute(sa.insert(tables.runs), rows)
    asked = []
    sa.event.listen(installation.store.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    page = installation.backfills.page(installation.org, connection=None, state=None, limit=3, cursor=None)
    assert len([one for one in asked if "FROM runs" in one]) == 2
    assert len(page.items) == 3
    assert all(one["slices"]["done"] + one["slices"]["waiting"] == 400 for one in page.items)
    assert page.items[0]["counts"]["created"] > 0
