"""What `doctor` says of clock, disk, executor and work, asked of a real store in states that an operator may find."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from levada_runtime.cli.standing import lines, standing, unfit
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.work.service import new_work


@pytest.fixture
def installation(tmp_path, new_database):
    with Installation(Settings(data_dir=tmp_path / "data", database_url=new_database())) as installation:
        yield installation


def enter(installation, kind, ago_s, **changes):
    now = datetime.now(UTC) - timedelta(seconds=ago_s)
    row = new_work(org_id=1, connection_id=2, kind=kind, key=f"{kind}:{ago_s}", payload={}, now=now, max_attempts=3)
    with installation.store.write() as uow:
        uow.work.add(replace(row, **changes))


def test_it_tells_what_is_due_what_is_under_way_and_what_is_dead(installation):
    """Work that nobody takes is told of with what may be missing; backfills may wait."""
    enter(installation, "webhook", 700)
    enter(installation, "webhook", 20)
    enter(installation, "backfill", 5000)
    enter(installation, "deliver", 50, state="dead")
    enter(installation, "poll", 3, state="running", owner="x/1/1")
    enter(installation, "poll", 5, not_before=datetime.now(UTC) + timedelta(seconds=900))
    found = standing(installation, installation.settings)
    due = found["work"]["due"]
    assert (due["webhook"]["lines"], due["webhook"]["late"], due["backfill"]["late"]) == (2, True, False)
    assert 700 <= due["webhook"]["oldest_s"] < 760
    assert "poll" not in due
    assert (found["work"]["in_flight"], found["work"]["dead"]) == ({"poll": 1}, {"deliver": 1})
    told = lines(found)
    assert "is a daemon running" in told["due: webhook"]
    assert "nobody takes it" not in told["due: backfill"]
    assert told["dead: deliver"] == "1: `runtime deliveries list --state dead`"
    assert told["work in flight"] == "1 poll"


def test_it_tells_who_would_carry_out_the_work(installation):
    """By the name that the settings give, and in the executor's own words."""
    found = standing(installation, installation.settings)["executor"]
    assert found["kind"] == "local"
    assert found["line"].startswith(str(found["allowed"]))
    elsewhere = installation.settings.model_copy(
        update={"work": installation.settings.work.model_copy(update={"executor": "nowhere"})}
    )
    installation.settings = elsewhere
    with pytest.raises(Exception, match="there is no executor 'nowhere'"):
        standing(installation, elsewhere)


def test_a_clock_that_was_put_back_is_a_reason_not_to_start(installation):
    """What was entered later than now says so."""
    assert unfit(standing(installation, installation.settings)) is None
    enter(installation, "poll", -3600)
    found = standing(installation, installation.settings)
    assert unfit(found).code == "clock_wrong"
    assert "put back" in lines(found)["clock"]


@pytest.mark.databases("postgresql")
def test_a_clock_that_is_not_the_servers_is_a_reason_too(installation):
    """Leases that one machine takes are judged by another's clock."""
    found = standing(installation, installation.settings)
    assert abs(found["clock"]["ahead_of_server_s"]) < 0.5
    hasty = installation.settings.work.model_copy(update={"lease_s": -1.0})
    found = standing(installation, installation.settings.model_copy(update={"work": hasty}))
    assert "leases last" in unfit(found).message


def test_a_disk_that_is_nearly_full_is_a_reason(installation, monkeypatch):
    """The database's own, if it is here."""
    found = standing(installation, installation.settings)
    assert found["disk"]["ok"]
    monkeypatch.setattr("levada_runtime.cli.standing._LEAST_FREE_BYTES", found["disk"]["free_bytes"] * 2)
    assert unfit(standing(installation, installation.settings)).code == "disk_full"
