"""What an operator sets of a stream stays, whatever its connector's next version says."""

from datetime import timedelta

import pytest

from levada import Manifest
from levada_runtime.access.connections import Connections
from levada_runtime.access.orgs import Orgs
from levada_runtime.access.streams import StreamChange
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.foundation.errors import UsageFailure


def manifest(schedule="0 3 * * *", **more):
    polled = {"key": "orders", "modes": ["poll"], "description": "Orders.", "schedule": schedule, **more}
    hook = {"key": "hook", "modes": ["webhook"], "description": "Hook."}
    return Manifest(key="shop", title="Shop", streams=[polled, hook])


@pytest.fixture
def connections(store, clock):
    return Connections(store, clock, Keyring(["key"]))


@pytest.fixture
def shop(store, clock, connections):
    """A connection of two streams, one of which is polled."""
    return connections.add(Orgs(store, clock).ensure_default(), manifest(), settings={}, secrets={})


def orders(connections, shop):
    return next(one for one in connections.streams(shop) if one.stream == "orders")


def test_a_new_version_of_a_connector_keeps_what_the_operator_set(connections, shop, clock):
    """Its schedule is the manifest's default alone; the policies and the pause stay, too."""
    change = StreamChange(schedule="H * * * *", overlap="queue_one", missed="skip", paused=True)
    connections.set_streams(shop, {"orders": change})
    connections.follow_manifest(shop, manifest("0 4 * * *", slice="P1D"))
    row = orders(connections, shop)
    assert (row.cron, row.schedule, row.overlap, row.missed) == ("H * * * *", "0 4 * * *", "queue_one", "skip")
    assert (row.paused, row.slice) == (True, "P1D")


def test_it_is_known_since_when_a_schedule_is_what_it_is(connections, shop, clock):
    """Only another moment of running makes it new: neither a pause nor a default that does not count."""
    made = clock.now()
    clock.pass_time(hours=1)
    connections.set_streams(shop, {"orders": StreamChange(paused=True, overlap="queue_one", schedule="0 3 * * *")})
    assert orders(connections, shop).schedule_changed_at == made
    connections.set_schedule(shop, "orders", "H * * * *")
    assert orders(connections, shop).schedule_changed_at == made + timedelta(hours=1)
    clock.pass_time(hours=1)
    connections.follow_manifest(shop, manifest("0 4 * * *"))
    assert orders(connections, shop).schedule_changed_at == made + timedelta(hours=1)
    connections.follow_manifest(shop, manifest("0 4 * * *", timezone="Europe/Berlin"))
    assert orders(connections, shop).schedule_changed_at == made + timedelta(hours=2)


@pytest.mark.parametrize(
    ("stream", "change", "code"),
    [
        ("nothing", StreamChange(paused=True), "unknown_stream"),
        ("hook", StreamChange(schedule="H * * * *"), "unknown_stream"),
        ("hook", StreamChange(overlap="skip"), "unknown_stream"),
        ("orders", StreamChange(schedule="*/61 * * * *"), "invalid_schedule"),
        ("orders", StreamChange(schedule="0 0 30 2 *"), "invalid_schedule"),
        ("orders", StreamChange(overlap="both"), "invalid_policy"),
        ("orders", StreamChange(missed="never"), "invalid_policy"),
    ],
    ids=lambda value: value if isinstance(value, str) else "change",
)
def test_what_cannot_be_meant_changes_nothing_at_all(connections, shop, stream, change, code):
    """Not even of the streams that were named before it."""
    before = connections.streams(shop)
    with pytest.raises(UsageFailure) as refused:
        connections.set_streams(shop, {"orders": StreamChange(paused=True), stream: change})
    assert refused.value.code == code
    assert connections.streams(shop) == before


def test_a_stream_that_is_not_polled_rests_as_any_other(connections, shop):
    """Its receipts wait meanwhile."""
    connections.set_streams(shop, {"hook": StreamChange(paused=True)})
    assert [one.stream for one in connections.streams(shop) if one.paused] == ["hook"]
