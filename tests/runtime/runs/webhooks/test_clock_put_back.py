"""A clock that is put back between two daemons: what came first is carried out first all the same."""

import pytest

from levada_runtime.foundation import ids
from levada_runtime.runs.webhooks import Intake


@pytest.fixture
def put_back(monkeypatch):
    """Returns what starts another daemon's intake, as it is after a restart, with the clock so many seconds behind."""

    def restart(bench, seconds):
        now = ids.time.time_ns
        monkeypatch.setattr(ids.time, "time_ns", lambda: now() - int(seconds * 1e9))
        monkeypatch.setattr(ids, "_last", 0)
        had = bench.installation.intake
        had.close()
        settings = bench.installation.settings
        again = Intake(bench.store, bench.installation.clock, had.doors, settings.webhooks, settings.work.attempts)
        monkeypatch.setattr(bench.installation, "intake", again)
        return again

    return restart


def test_what_comes_after_a_clock_was_put_back_stands_behind_what_waits(bench, put_back):
    """Three daemons one after another, each an hour behind the one before."""
    pushed = [bench.push({"id": number, "name": "Ada"}, headers={"x-delivery": str(number)}) for number in (1, 2)]
    for number in (3, 4):
        again = put_back(bench, 3600)
        pushed.append(bench.push({"id": number, "name": "Ada"}, headers={"x-delivery": str(number)}))
        again.close()
    order = []
    while bench.work():
        order += [one for one in pushed if one not in order and bench.receipt(one)["state"] == "processed"]
    assert order == pushed


def test_ids_stay_above_one_that_is_there(monkeypatch):
    """One that lies ahead of the clock pushes the next ones beyond it; one behind it changes nothing."""
    monkeypatch.setattr(ids, "_last", 0)
    before = ids.row_id()
    ids.stay_above(None)
    ids.stay_above(before - 1)
    assert 0 <= ids.row_id() - before < 60_000_000 << 11
    ahead = before + (3_600_000_000 << 11)
    ids.stay_above(ahead)
    first, second = ids.row_id(), ids.row_id()
    assert ahead < first < second
