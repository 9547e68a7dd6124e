"""A daemon that was away: what passed meanwhile is told of, and made up for once."""

from datetime import UTC, datetime, timedelta

import pytest

from levada_runtime.daemon.installation import Installation

pytestmark = [pytest.mark.journey, pytest.mark.databases("sqlite")]


def was_away(site, stream, hours):
    """Let the ledger have said nothing of a stream for so long."""
    with Installation(site.settings()) as installation:
        acme = installation.connections.get(installation.org, "acme")
        row = next(one for one in installation.connections.streams(acme) if one.stream == stream)
        with installation.store.write() as uow:
            uow.streams.change(row, {"schedule_changed_at": datetime.now(UTC) - timedelta(hours=hours)})


def test_a_daemon_that_was_away_makes_up_for_it_once_and_says_what_passed(site, source, wait_until):
    """One stream catches up by its latest moment; one that skips what it missed waits for its next."""
    site.hush()
    every = "*/20 * * * *"
    words = ("--schedule", f"customers={every}", "--schedule", f"invoices={every}", "--missed", "invoices=skip")
    words += ("--overlap", "customers=queue_one", "--paused", "customers=no")
    site.runtime("connections", "set", "acme", *words)
    for stream in ("customers", "invoices"):
        was_away(site, stream, 10)
    daemon = site.serve()
    wait_until(lambda: site.rows("SELECT 1 FROM runs WHERE state = 'succeeded' AND stream = 'customers'"), "the run")
    wait_until(lambda: site.rows("SELECT 1 FROM ticks WHERE stream = 'invoices'"), "what is said of the other")
    daemon.stop()

    ticks = site.json("streams", "ticks", "acme", "customers")
    ran, outage = ticks["items"][-2:]
    assert (ran["outcome"], ran["run_state"]) == ("ran", "succeeded")
    assert ran["late_s"] >= 0
    assert (outage["outcome"], outage["reason"]) == ("skipped", "down")
    assert outage["count"] in (29, 30), "30 moments in ten hours, and perhaps one that came just now"
    assert (moment(outage["until"]) - moment(outage["at"])) == timedelta(minutes=20) * (outage["count"] - 1)
    assert (moment(ran["at"]) - moment(outage["until"])) == timedelta(minutes=20)
    assert [moment(at).minute % 20 for at in ticks["next"]] == [0] * 5

    (passed,) = site.json("streams", "ticks", "acme", "invoices")["items"][-1:]
    assert passed["reason"] == "down"
    assert passed["count"] in (29, 30, 31), "a moment within the last minute is not missed"
    shown = site.json("streams", "show", "acme", "customers")
    assert shown["last_success_at"] is not None
    assert (shown["flags"], shown["overlap"], shown["missed"]) == ([], "queue_one", "catch_up")


def moment(spelled):
    return datetime.fromisoformat(spelled)
