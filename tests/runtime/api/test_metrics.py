"""The figures of the work, as Prometheus reads them."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from levada_runtime.daemon.surveying import Surveying
from levada_runtime.store.model import ConnectionRow, ConnectorRow, StreamRow
from levada_runtime.work.service import new_work


def figures_of(api):
    """Return every sample by its name and labels."""
    families = text_string_to_metric_families(api.get("/metrics", key=None).body.decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_the_oldest_work_that_nobody_takes_is_a_figure_for_each_kind(api, installation):
    """What waits for its moment, or behind another of its line, is not due."""
    now = datetime.now(UTC)
    assert not any(name.startswith("levada_work_oldest_due") for name, *_ in figures_of(api))
    for kind, key, ago_s, changes in (
        ("webhook", "a", 90, {}),
        ("webhook", "a", 80, {}),
        ("webhook", "b", 10, {}),
        ("poll", "c", 5, {"not_before": now + timedelta(seconds=500)}),
        ("deliver", "d", 5, {"state": "running", "owner": "x/1/1"}),
        ("deliver", "e", 5, {"state": "dead"}),
    ):
        row = new_work(
            org_id=1,
            connection_id=2,
            kind=kind,
            key=key,
            payload={},
            now=now - timedelta(seconds=ago_s),
            max_attempts=3,
        )
        with installation.store.write() as uow:
            uow.work.add(replace(row, **changes))
    told = figures_of(api)
    assert 90 <= told["levada_work_oldest_due_seconds", "webhook"] < 150
    assert told["levada_work_due", "webhook"] == 2
    assert ("levada_work_due", "poll") not in told
    assert (told["levada_work_in_flight", "deliver"], told["levada_work_dead", "deliver"]) == (1, 1)


def test_streams_connections_and_connectors_are_figures_by_their_state(api, installation):
    """An alert needs no key, so no name of anybody's is among them."""
    now = datetime.now(UTC)
    with installation.store.write() as uow:
        for number, (state, connector) in enumerate((("active", "acme"), ("paused", "acme"), ("removed", "gone"))):
            row = ConnectionRow(1, number, f"u{number}", f"n{number}", connector, {}, "live", state, None, now, now)
            uow.connections.add(row)
            names = ("a", "b")
            uow.streams.replace(1, number, [
                StreamRow(1, number, name, ["poll"], "@hourly", None, "UTC", paused=name == "b") for name in names
            ])  # fmt: skip
        uow.connectors.keep(ConnectorRow("acme", "levada-acme", "1", "hash", "broken", "no", None, "x", now))
    told = figures_of(api)
    assert (told["levada_connections", "active"], told["levada_connections", "paused"]) == (1, 1)
    assert ("levada_connections", "removed") not in told
    assert {key: value for key, value in told.items() if key[0] == "levada_connectors"} == {
        ("levada_connectors", "broken"): 1
    }
    assert (told["levada_streams", "scheduled"], told["levada_streams", "paused"]) == (1, 3)
    assert not any(name == "levada_streams_flagged" for name, *_ in told), "nobody has surveyed them"


def test_a_daemon_surveys_its_streams_and_tells_how_many_are_flagged(installation):
    """As soon as it has gone over them once; and it ends when it is told to."""
    long_ago = datetime.now(UTC) - timedelta(days=9)
    with installation.store.write() as uow:
        uow.connections.add(ConnectionRow(1, 1, "u", "n", "acme", {}, "live", "active", None, long_ago, long_ago))
        row = StreamRow(1, 1, "a", ["poll"], "@hourly", None, "UTC", paused=False, schedule_changed_at=long_ago)
        uow.streams.replace(1, 1, [row])
    surveying = Surveying(installation, first_s=0.0)
    surveying.start()
    for _ in range(200):
        if surveying.flagged():
            break
        time.sleep(0.05)
    assert surveying.flagged() == {"outgrew_interval": 0, "stale": 1}
    surveying.stop()
    assert not surveying._thread.is_alive()
