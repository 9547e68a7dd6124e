"""Backfills: every slice is read once, a few at a time, and what was interrupted or failed is made good."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from threading import Barrier

import pytest

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.runs.handlers import RunHandlers
from levada_runtime.store.trust_model import ConnectorQuarantineRow

JANUARY = [f"2025-01-{day:02}" for day in range(1, 21)]


def windows(runs):
    """Return the days that runs begin and end with."""
    return sorted(
        (run["window"]["from"].removesuffix("T00:00:00+00:00"), run["window"]["to"].removesuffix("T00:00:00+00:00"))
        for run in runs
    )


def test_every_slice_is_read_once_and_no_day_twice(bench):
    """Twenty days are slices of seven, seven and six; a boundary belongs to the slice that begins with it."""
    backfill = bench.begin()
    ended = bench.fill(backfill)
    assert (ended["state"], ended["slices"]["succeeded"], ended["slices"]["total"]) == ("succeeded", 3, 3)
    assert windows(bench.runs(backfill)) == [
        ("2025-01-01", "2025-01-08"), ("2025-01-08", "2025-01-15"), ("2025-01-15", "2025-01-21")
    ]  # fmt: skip
    assert sorted(bench.documents()) == JANUARY
    assert sorted(day for run in bench.runs(backfill) for day in bench.days_read(run)) == JANUARY
    assert (ended["counts"]["created"], ended["pages"]) == (20, 20)
    assert {run["mode"] for run in bench.runs(backfill)} == {"backfill"}


def test_only_so_many_slices_are_under_way_at_once(bench):
    """Those that wait are no rows yet; the end of one enters the next."""
    backfill = bench.begin(slice="P1D", parallel=3)
    most = 0
    while bench.view(backfill)["state"] == "running":
        waiting = bench.unfinished(backfill)
        most = max(most, len(waiting))
        assert len(waiting) == min(3, 20 - bench.view(backfill)["slices"]["done"])
        assert bench.work_once()
    assert most == 3
    assert bench.view(backfill)["slices"]["succeeded"] == 20


def test_a_finished_slice_that_is_read_again_changes_nothing(bench):
    """All of it is read again, since something may have changed at the source, and nothing is written."""
    bench.fill(bench.begin())
    before = {table: bench.count(table) for table in ("documents", "versions", "events", "checkpoints")}
    again = bench.fill(bench.begin())
    assert (again["state"], again["counts"]["unchanged"]) == ("succeeded", 20)
    assert {table: bench.count(table) for table in before} == before
    assert before["checkpoints"] == 0


def test_an_interrupted_slice_goes_on_from_its_last_page(bench, monkeypatch):
    """What it had committed is not read again."""
    saved, save = [], RunHandlers.save

    def interrupted(self, partition, values):
        save(self, partition, values)
        saved.append(values)
        if len(saved) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(RunHandlers, "save", interrupted)
    backfill = bench.begin(ends="2025-01-08")
    with pytest.raises(KeyboardInterrupt):
        bench.fill(backfill)
    assert bench.view(backfill)["slices"]["queued"] == 1
    ended = bench.fill(backfill)
    (run,) = bench.runs(backfill)
    assert (ended["state"], run["attempt"], len(saved)) == ("succeeded", 2, 7)
    assert bench.days_read(run) == JANUARY[:7]


def test_a_slice_that_failed_leaves_a_hole_that_resuming_fills(bench):
    """The others are read; resumed, only the hole is read, from its last page, and an ended one is none to resume."""
    bench.set(d2025_01_10="unavailable")
    backfill = bench.begin()
    ended = bench.fill(backfill)
    assert (ended["state"], ended["slices"]["done"], ended["slices"]["failed"]) == ("failed", 2, 1)
    (hole,) = ended["holes"]
    assert (hole["from"][:10], hole["to"][:10], hole["reason"]) == ("2025-01-08", "2025-01-15", "source_unavailable")
    assert "no such day" in hole["message"]
    bench.set()
    bench.installation.backfills.resume(bench.org, backfill)
    assert len(bench.unfinished(backfill)) == 1
    ended = bench.fill(backfill)
    assert (ended["state"], ended["slices"]["succeeded"], ended["holes"]) == ("succeeded", 3, [])
    assert bench.days_read(bench.runs(backfill)[-1]) == JANUARY[9:14]
    assert sorted(bench.documents()) == JANUARY
    with pytest.raises(UsageFailure, match="not to be resumed: it is succeeded"):
        bench.installation.backfills.resume(bench.org, backfill)


def test_a_refused_key_ends_a_backfill_before_it_tries_every_slice(bench):
    """The connection needs attention; once it is mended, resuming reads what is missing."""
    bench.set(d2025_01_03="auth")
    backfill = bench.begin(slice="P2D", parallel=1)
    ended = bench.fill(backfill)
    assert (ended["state"], ended["slices"]["done"], ended["slices"]["failed"]) == ("failed", 1, 1)
    assert ended["slices"]["waiting"] == 8
    assert bench.installation.connections.get(bench.org, "daily").state == "needs_attention"
    bench.set()
    bench.set_state("active")
    bench.installation.backfills.resume(bench.org, backfill)
    assert bench.fill(backfill)["slices"]["succeeded"] == 10
    assert sorted(bench.documents()) == JANUARY


@pytest.mark.databases("sqlite")
def test_a_source_that_is_gone_is_not_asked_for_every_slice(bench):
    """After five slices that failed the rest waits to be resumed."""
    bench.set(**{f"d{day.replace('-', '_')}": "unavailable" for day in JANUARY})
    ended = bench.fill(bench.begin(slice="P1D", parallel=1))
    assert (ended["state"], ended["slices"]["failed"], ended["slices"]["waiting"]) == ("failed", 5, 15)


@pytest.mark.databases("sqlite")
def test_refused_records_make_a_slice_and_its_backfill_partial(bench):
    """They are in quarantine, as those of a poll are."""
    bench.set(d2025_01_03="wrong")
    ended = bench.fill(bench.begin())
    assert (ended["state"], ended["slices"]["partial"], ended["counts"]["failed"]) == ("partial", 1, 1)
    assert bench.count("quarantine") == 1


def test_the_same_words_again_find_the_backfill_that_is_under_way(bench):
    """Others are refused while it is, with its id and the way out."""
    backfill = bench.begin()
    assert bench.begin() == backfill
    assert len(bench.runs(backfill)) == 2
    with pytest.raises(UsageFailure, match="is being backfilled from 2025-01-01") as refused:
        bench.begin(ends="2025-02-01")
    assert refused.value.details == {"backfill": backfill}
    bench.fill(backfill)
    assert bench.begin() != backfill


IMPOSSIBLE = [
    ({"stream": "now"}, "has no backfill stream 'now'"),
    ({"begins": "soon"}, "'from' is 'soon'"),
    ({"begins": "2025-01-01T06:00"}, "neither a date nor a moment with its offset"),
    ({"ends": "2025-01-01"}, "nothing between"),
    ({"ends": "2199-01-01"}, "lies in the future"),
    ({"slice": "7 days"}, "no ISO 8601 duration"),
    ({"slice": "PT0M"}, "no time at all"),
    ({"begins": "1990-01-01", "slice": "PT1H"}, "more than 5000 slices"),
    ({"parallel": 65}, "parallel is 65"),
    ({"parallel": 0}, "parallel is 0"),
]


@pytest.mark.databases("sqlite")
def test_what_cannot_be_backfilled_is_refused(bench):
    """With the reason, and nothing is entered."""
    for how, said in IMPOSSIBLE:
        with pytest.raises(UsageFailure, match=said):
            bench.begin(**how)
    assert bench.count("backfills") == bench.count("runs") == 0


@pytest.mark.databases("sqlite")
def test_a_moment_with_its_offset_is_one_in_utc(bench):
    """So that windows are the same wherever they were asked for."""
    backfill = bench.begin("2025-01-01T01:00:00+01:00", "2025-01-01T02:00:00-01:00")
    assert bench.view(backfill)["from"] == "2025-01-01T00:00:00+00:00"
    assert bench.view(backfill)["to"] == "2025-01-01T03:00:00+00:00"


def test_the_slices_of_a_paused_connection_wait(bench):
    """None fails and none is lost: they go on once it is active again."""
    backfill = bench.begin()
    bench.set_state("paused")
    assert bench.work_once()
    assert bench.work_once()
    assert not bench.work_once()
    assert [run["attempt"] for run in bench.unfinished(backfill)] == [0, 0]
    bench.set_state("active")
    bench.wake(backfill)
    assert bench.fill(backfill)["state"] == "succeeded"


@pytest.mark.databases("sqlite")
def test_whoever_carries_a_backfill_out_is_told_what_it_waits_for(bench):
    """Instead of waiting for ever: a key that is refused, a connection that is paused."""
    bench.set(d2025_01_03="auth")
    backfill = bench.begin(slice="P2D", parallel=2)
    fill = bench.installation.filling.fill
    assert fill(bench.org, backfill) == "the connection 'daily' needs attention"
    assert bench.view(backfill)["state"] == "running"
    bench.set()
    bench.set_state("paused")
    assert fill(bench.org, backfill) == "the connection 'daily' is paused"
    bench.set_state("active")
    bench.wake(backfill)
    assert fill(bench.org, backfill) is None
    assert (bench.view(backfill)["state"], bench.view(backfill)["slices"]["failed"]) == ("failed", 1)


def test_slices_go_on_as_soon_as_their_connector_may_run_again(bench):
    """While it is in quarantine they wait; approved, they wait no longer."""
    backfill = bench.begin()
    connector, _ = bench.installation.catalog.ready("daily")
    now = bench.installation.clock.now()
    why = ("sandbox_violation", "it was killed", "poll", bench.runs(backfill)[0]["id"], now)
    with bench.store.write() as uow:
        uow.trust.confine(ConnectorQuarantineRow("daily", connector.source_hash, "1.0", *why))
    assert [bench.work_once() for _ in range(3)] == [True, True, False]
    assert {run["state"] for run in bench.runs(backfill)} == {"queued"}
    bench.installation.catalog.approve(bench.installation.catalog.get("daily"))
    assert bench.work_once()
    assert bench.view(backfill)["slices"]["succeeded"] == 1


def test_slices_that_end_at_the_same_moment_enter_one_each(bench):
    """Two ends, two new slices: none is entered twice and none too many."""
    backfill, closing = bench.begin(slice="P1D", parallel=2), bench.installation.closing

    def end(token, barrier):
        with bench.store.write() as uow:
            run = uow.runs.get(bench.org.id, uow.work.get(token[0]).payload["run"])
            barrier.wait()
            uow.runs.change(run, state="succeeded", finished_at=run.queued_at)
            closing.close(uow, replace(run, state="succeeded"), run.queued_at)
            assert uow.work.complete(*token)

    width = 2 if bench.store.engine.dialect.name == "postgresql" else 1
    for _ in range(20 // width):
        tokens, barrier = bench.installation.work.claim_due(width, 3), Barrier(width, timeout=10)
        assert len(tokens) == width
        with ThreadPoolExecutor(width) as pool:
            list(pool.map(lambda token, barrier=barrier: end(token, barrier), tokens))
        assert len(bench.unfinished(backfill)) in (0, 1, 2)
    assert bench.view(backfill)["state"] == "succeeded"
    assert len({run["window"]["from"] for run in bench.runs(backfill)}) == len(bench.runs(backfill)) == 20


def test_a_removed_connection_ends_its_backfill(bench):
    """Nothing more is entered for it."""
    backfill = bench.begin(slice="P1D")
    bench.installation.connections.remove(bench.connection)
    while bench.work_once():
        pass
    assert bench.view(backfill)["state"] == "cancelled"
    assert len(bench.runs(backfill)) <= 2


@pytest.mark.databases("sqlite")
def test_an_observing_connection_backfills_into_plans(bench):
    """Nothing is committed; each slice says what it would change."""
    bench.set(mode="observe")
    backfill = bench.begin()
    assert bench.fill(backfill)["state"] == "succeeded"
    plans = [bench.installation.run_library.plan(bench.org, run["plan_id"]) for run in bench.runs(backfill)]
    assert sorted(plan["summary"]["created"] for plan in plans) == [6, 7, 7]
    assert (bench.count("documents"), bench.count("checkpoints")) == (0, 0)


def test_live_work_goes_first(bench):
    """A poll that comes later is done before the slices that wait."""
    backfill = bench.begin()
    poll = bench.installation.queue.by_hand(bench.connection, "now")
    assert bench.work_once()
    assert bench.installation.run_library.run(bench.org, poll.id)["state"] == "succeeded"
    assert len(bench.unfinished(backfill)) == 2


@pytest.mark.databases("sqlite")
def test_progress_says_what_is_done_and_when_it_will_have_ended(bench):
    """Nothing is promised before the first slice has ended, and nothing is left after the last."""
    backfill = bench.begin(slice="P1D", parallel=2)
    assert bench.view(backfill)["eta_s"] is None
    assert (bench.view(backfill)["slices"]["queued"], bench.view(backfill)["slices"]["waiting"]) == (2, 18)
    for _ in range(5):
        assert bench.work_once()
    under_way = bench.view(backfill)
    assert (under_way["slices"]["done"], under_way["counts"]["created"]) == (5, 5)
    assert 0 < under_way["eta_s"] < 600
    assert datetime.fromisoformat(under_way["ends_at"]).utcoffset() is not None
    ended = bench.fill(backfill)
    assert (ended["eta_s"], ended["slices"]["waiting"]) == (None, 0)
    assert ended["finished_at"] is not None


@pytest.mark.databases("sqlite")
def test_backfills_are_listed_and_another_organisation_has_none_of_them(bench):
    """By connection and by state, newest first."""
    first = bench.begin()
    bench.fill(first)
    second = bench.begin("2024-01-01", "2024-01-02")

    def listed(connection=None, state=None, limit=10, cursor=None):
        library = bench.installation.backfills
        return library.page(bench.org, connection=connection, state=state, limit=limit, cursor=cursor)

    assert [one["id"] for one in listed().items] == [second, first]
    assert [one["id"] for one in listed("daily", "succeeded").items] == [first]
    page = listed(limit=1)
    assert [one["id"] for one in listed(limit=1, cursor=page.cursor).items] == [first]
    with pytest.raises(UsageFailure, match="no backfill is in the state 'gone'"):
        listed(state="gone")
    with pytest.raises(NotFoundFailure):
        listed("nobody")
    with pytest.raises(NotFoundFailure):
        bench.installation.backfills.get(bench.installation.orgs.create("other"), first)
