"""Cancelling and retrying: what waits ends at once, what is under way at the next question of its child."""

import pytest

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.runs import stopping
from levada_runtime.runs.handlers import RunHandlers


@pytest.fixture
def while_running(bench, monkeypatch):
    """Returns what has something done once, after so many pages of whatever runs."""
    monkeypatch.setattr(stopping, "_LOOK_S", 0.0)

    def arrange(pages, act):
        saved, save = [], RunHandlers.save

        def saving(self, partition, values):
            save(self, partition, values)
            saved.append(values)
            if len(saved) == pages:
                act()

        monkeypatch.setattr(RunHandlers, "save", saving)

    return arrange


def cancel(bench, run_id):
    return bench.installation.cancellations.cancel(bench.org, run_id)


def retry(bench, run_id):
    return bench.installation.run_library.run(bench.org, bench.installation.retries.retry(bench.org, run_id))


def end_of(bench, run_id):
    run = bench.installation.run_library.run(bench.org, run_id)
    return run["state"], run["reason"], run["pages"]


def test_a_run_that_waits_is_cancelled_at_once(bench):
    """It says so, its event is published, and it is never carried out."""
    run = bench.installation.queue.by_hand(bench.connection, "now")
    assert cancel(bench, run.id).state == "cancelled"
    assert not bench.work_once()
    ended = bench.installation.run_library.run(bench.org, run.id)
    assert (ended["state"], ended["error"]["code"], ended["attempt"]) == ("cancelled", "cancelled", 0)
    assert bench.count("events") == 1
    with pytest.raises(UsageFailure, match="has ended already: it is cancelled"):
        cancel(bench, run.id)
    with pytest.raises(NotFoundFailure, match="no run 'nobody'"):
        cancel(bench, "nobody")


def test_a_run_that_is_under_way_ends_at_the_next_question_of_its_child(bench, while_running):
    """Its pages stay, what it had begun is dropped, and it is not tried again; a retry goes on from its last page."""
    backfill = bench.begin(ends="2025-01-08")
    (waiting,) = bench.runs(backfill)
    while_running(3, lambda: cancel(bench, waiting["id"]))
    assert bench.work_once()
    assert end_of(bench, waiting["id"]) == ("cancelled", None, 3)
    assert sorted(bench.documents()) == ["2025-01-01", "2025-01-02", "2025-01-03"]
    assert not bench.work_once()
    assert bench.view(backfill)["state"] == "failed"
    again = retry(bench, waiting["id"])
    assert bench.fill(backfill)["state"] == "succeeded"
    assert bench.days_read(again) == ["2025-01-04", "2025-01-05", "2025-01-06", "2025-01-07"]
    assert end_of(bench, waiting["id"]) == ("cancelled", None, 3)


@pytest.mark.databases("sqlite")
def test_an_observed_run_that_is_cancelled_leaves_no_plan(bench, while_running):
    """What it would have changed is not known to the end."""
    bench.set(mode="observe")
    backfill = bench.begin(ends="2025-01-08")
    (waiting,) = bench.runs(backfill)
    while_running(3, lambda: cancel(bench, waiting["id"]))
    assert bench.work_once()
    assert end_of(bench, waiting["id"])[0] == "cancelled"
    assert (bench.count("plans"), bench.count("documents")) == (0, 0)


def test_a_run_whose_worker_died_after_it_was_cancelled_is_not_begun_again(bench):
    """The word outlives whoever was to hear it."""
    run = bench.installation.queue.by_hand(bench.connection, "now")
    (token,) = bench.installation.work.claim_due(1)
    assert cancel(bench, run.id).state == "queued"
    bench.installation.work.free(token)
    assert bench.work_once()
    assert end_of(bench, run.id) == ("cancelled", None, 0)


def test_a_cancelled_backfill_enters_nothing_more_and_can_be_resumed(bench, while_running):
    """What waits ends at once, what is under way at its next question; resumed, it reads all that is missing."""
    backfill = bench.begin()
    while_running(9, lambda: bench.installation.backfills.cancel(bench.org, backfill))
    assert bench.work_once()
    assert bench.work_once()
    view = bench.view(backfill)
    assert (view["state"], view["slices"]["succeeded"], view["slices"]["cancelled"]) == ("cancelled", 1, 2)
    assert not bench.work_once()
    with pytest.raises(UsageFailure, match="has ended: cancelled"):
        bench.installation.backfills.cancel(bench.org, backfill)
    assert len(bench.documents()) == 9
    with pytest.raises(UsageFailure, match="was cancelled"):
        retry(bench, view["holes"][0]["run"])
    bench.installation.backfills.resume(bench.org, backfill)
    ended = bench.fill(backfill)
    assert (ended["state"], ended["slices"]["succeeded"], len(bench.documents())) == ("succeeded", 3, 20)
    assert ended["counts"]["unchanged"] == 0


def test_a_backfill_whose_slices_all_wait_is_cancelled_at_once(bench):
    """With every run that was entered for it."""
    backfill = bench.begin()
    assert bench.installation.backfills.cancel(bench.org, backfill)["state"] == "cancelled"
    assert [run["state"] for run in bench.runs(backfill)] == ["cancelled", "cancelled"]
    assert not bench.work_once()


@pytest.mark.databases("sqlite")
def test_a_failed_poll_and_a_dead_receipt_are_retried_as_what_they_were(bench):
    """By another run each; the receipt is the same."""
    run = bench.installation.queue.by_hand(bench.connection, "now")
    cancel(bench, run.id)
    again = retry(bench, run.id)
    assert (again["stream"], again["mode"], again["state"]) == ("now", "poll", "queued")
    with pytest.raises(UsageFailure, match="has not ended: it is queued"):
        retry(bench, again["id"])
    assert bench.work_once()
    with pytest.raises(UsageFailure, match="succeeded: there is nothing to try once more"):
        retry(bench, again["id"])

    bench.set(told="bad")
    door = bench.installation.intake.doors.find("daily", "told")
    receipt = bench.installation.intake.receive(door, {}, {}, b"{}").result(10).receipt_id
    assert bench.work_once()
    dead = bench.installation.receipts.receipt(bench.org, receipt)
    assert (dead["state"], dead["reason"]) == ("dead", "auth")
    bench.set()
    bench.set_state("active")
    third = retry(bench, dead["run"])
    assert (third["mode"], third["receipt"]) == ("webhook", receipt)
    assert bench.work_once()
    assert bench.installation.receipts.receipt(bench.org, receipt)["state"] == "processed"


@pytest.mark.databases("sqlite")
def test_a_webhook_that_waits_can_be_cancelled_and_its_receipt_is_dead(bench):
    """What was accepted is still there, to be replayed."""
    door = bench.installation.intake.doors.find("daily", "told")
    receipt = bench.installation.intake.receive(door, {}, {}, b"{}").result(10).receipt_id
    cancel(bench, bench.installation.receipts.receipt(bench.org, receipt)["run"])
    ended = bench.installation.receipts.receipt(bench.org, receipt)
    assert (ended["state"], ended["reason"]) == ("dead", "cancelled")
    assert bench.installation.receipts.replay(bench.org, receipt)["state"] == "received"


@pytest.mark.databases("sqlite")
def test_a_slice_is_not_retried_twice_at_once(bench):
    """One run a slice is under way."""
    bench.set(d2025_01_03="unavailable")
    backfill = bench.begin(ends="2025-01-08")
    bench.fill(backfill)
    failed = bench.view(backfill)["holes"][0]["run"]
    bench.set()
    retry(bench, failed)
    assert bench.view(backfill)["state"] == "running"
    with pytest.raises(UsageFailure, match="in the queue already"):
        retry(bench, failed)
    assert bench.fill(backfill)["state"] == "succeeded"


@pytest.mark.databases("sqlite")
def test_every_deed_is_in_the_audit_log(bench):
    """Begun, cancelled, resumed; a run cancelled, a run retried."""
    backfill = bench.begin()
    bench.installation.backfills.cancel(bench.org, backfill)
    bench.installation.backfills.resume(bench.org, backfill)
    run = bench.unfinished(backfill)[0]
    cancel(bench, run["id"])
    retry(bench, run["id"])
    deeds, _ = bench.installation.audit.page(bench.org, limit=10, cursor=None)
    told = [(one["action"], one["subject"]) for one in deeds]
    assert told[:5] == [
        ("run.retry", run["id"]),
        ("run.cancel", run["id"]),
        ("backfill.resume", backfill),
        ("backfill.cancel", backfill),
        ("backfill.begin", backfill),
    ]
