"""Rate budgets and tokens by real daemons: every run in a process of its own, all of them with one credential."""

import json
import os

import pytest
from tests.journeys import metered
from tests.runtime.access.token_server import FIRST

from levada_runtime.daemon.installation import Installation

pytestmark = pytest.mark.journey


@pytest.fixture
def source():
    """Ten requests a second, and tokens that are rotated."""
    source = metered.Metered()
    yield source
    source.close()


@pytest.fixture
def site(tmp_path, source, site_class, site_database):
    """An installation with a connection to the metered source."""
    metered.install(tmp_path / "packages")
    env = {
        "LEVADA_BROKER__ALLOW_PRIVATE": json.dumps([source.place]),
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "packages"), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "REFRESH": FIRST,
    }
    site = site_class(tmp_path / "data", env, site_database())
    words = ("--set", f"api_base=http://{source.place}", "--secret", "refresh=env:REFRESH")
    site.runtime("connections", "add", "metered", *words)
    return site


def states(site):
    return [row[0] for row in site.rows("SELECT state FROM runs")]


def refused_once(source):
    """Tell whether there was no 429 after the first, but for what was under way when it was said."""
    moments = [at for at, _ in source.refused]
    assert 1 <= len(moments) <= 2, source.refused
    return moments[-1] - moments[0] < 0.3


def side_by_side(source):
    """Tell whether each stream asked while the other was still at it."""
    moments = {}
    for at, path in source.taken:
        moments.setdefault(path.split("/")[1], []).append(at)
    return len(moments) == 2 and max(one[0] for one in moments.values()) < min(one[-1] for one in moments.values())


def begin(site, streams):
    """Queue a run of each stream for the daemon."""
    with Installation(site.settings()) as installation:
        connection = installation.connections.get(installation.org, "metered")
        for stream in streams:
            installation.queue.by_hand(connection, stream)


def test_two_streams_of_one_credential_are_refused_once_and_never_again(site, source, wait_until):
    """The source says nothing of its limit but 429; what the one stream learns by it the other keeps to."""
    begin(site, ["stream-0", "stream-1"])
    daemon = site.serve("--workers", "2")
    wait_until(lambda: states(site) == ["succeeded"] * 2, "both runs have succeeded")
    daemon.stop()
    assert len(source.taken) == 40
    assert side_by_side(source), source.taken
    assert refused_once(source)
    assert source.taken[-1][0] - source.taken[0][0] < 14
    (budget,) = site.json("connections", "show", "metered")["budgets"]
    assert 0.15 < budget["learnt_pace_s"] < 0.4
    said = [row[0] for row in site.rows("SELECT message FROM run_logs")]
    assert any(line.startswith("waited ") and line.endswith("turns to ask the source") for line in said)


@pytest.mark.databases("sqlite")
def test_a_poll_is_not_starved_by_a_backfill(site, source, wait_until):
    """While slices take what there is, the ten requests of a poll hardly wait."""
    daemon = site.serve("--workers", "3")
    site.runtime("connections", "set", "metered", "--set", "rows=10")
    words = ("--from", "2026-01-01", "--to", "2026-01-03", "--parallel", "2", "--detach")
    site.runtime("backfill", "metered", "stream-0", *words)
    wait_until(lambda: len(source.taken) > 20, "the backfill is under way")
    begin(site, ["stream-1"])
    wait_until(lambda: states(site).count("succeeded") == 1, "the poll has succeeded", 20)
    assert "running" in states(site), "the backfill had ended before the poll did"
    daemon.stop()
    live = [at for at, path in source.taken if path.startswith("/stream-1/")]
    assert len(live) == 10
    assert live[-1] - live[0] < 5
    assert refused_once(source)


@pytest.mark.databases("sqlite")
def test_a_refresh_token_that_is_refused_needs_somebody(site, source):
    """The run is not tried again, and says what to do; another refresh token is used as soon as it is set."""
    site.env["WRONG"] = "refresh-token-of-another"
    site.runtime("connections", "set", "metered", "--set", "rows=1", "--secret", "refresh=env:WRONG")
    ended = site.runtime("run", "metered", "stream-0", "--json", code=1).json
    assert ended["result"]["reason"] == "auth"
    assert "set the new one" in ended["result"]["error"]["message"]
    assert site.rows("SELECT state FROM connections WHERE name = 'metered'") == [("needs_attention",)]
    site.runtime("connections", "set", "metered", "--secret", "refresh=env:REFRESH")
    site.runtime("run", "metered", "stream-0")
    assert [form["refresh_token"] for form in source.tokens.asked] == ["refresh-token-of-another", FIRST]


@pytest.mark.databases("sqlite")
def test_every_stream_of_a_connection_uses_one_token(site, source, wait_until):
    """Four workers begin at once; the token is kept over a restart, and is nowhere to be read."""
    site.runtime("connections", "set", "metered", "--set", "rows=1")
    source.tokens.delay_s = 0.5
    begin(site, [f"stream-{number}" for number in range(8)])
    daemon = site.serve("--workers", "4")
    wait_until(lambda: states(site).count("succeeded") == 8, "every run has succeeded")
    daemon.stop()
    site.runtime("run", "metered", "stream-0")
    assert [form["refresh_token"] for form in source.tokens.asked] == [FIRST]
    shown = site.json("connections", "show", "metered")
    assert shown["token"]["expires_at"] > shown["token"]["fetched_at"]
    assert [one["host"] for one in shown["budgets"]] == [source.place]
    assert source.tokens.good not in json.dumps(shown)
    for name in site.tables():
        kept = repr(site.rows(f"SELECT * FROM {name}"))
        assert source.tokens.good not in kept, name
        assert source.tokens.refresh not in kept, name
