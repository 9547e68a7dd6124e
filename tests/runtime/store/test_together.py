"""Several at once on one store: one of them is first, and the others notice it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from levada import Manifest
from levada_runtime.access.connections import Connections
from levada_runtime.access.keys import Keys
from levada_runtime.access.orgs import Orgs
from levada_runtime.foundation.crypto import Keyring
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.runs.queue import RunQueue
from levada_runtime.runs.ticks import Due
from levada_runtime.store.engine import make_engine
from levada_runtime.store.model import OrgRow, StreamRow, TickRow
from levada_runtime.store.schema import newest_revision, revision_of, upgrade
from levada_runtime.store.unit_of_work import Store

AT_ONCE = 8


def together(do):
    """Do something in eight threads that begin at one moment, and return what each came to."""
    barrier = threading.Barrier(AT_ONCE)

    def one(number):
        barrier.wait()
        return do(number)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(one, range(AT_ONCE)))


def test_several_processes_may_bring_an_empty_database_up_to_date(new_database):
    """One migrates, the others wait and find it done."""
    url = new_database(migrated=False)
    engines = [make_engine(url) for _ in range(AT_ONCE)]
    together(lambda number: upgrade(engines[number]))
    assert {revision_of(engine) for engine in engines} == {newest_revision()}
    for engine in engines:
        engine.dispose()


@pytest.mark.databases("sqlite")
def test_a_new_file_may_be_opened_by_several_at_once(tmp_path):
    """None is turned away because another makes its journal; without patience that befell one file in fifteen."""
    for file in range(40):
        engines = [make_engine(f"sqlite:///{tmp_path / f'{file}.db'}") for _ in range(AT_ONCE)]

        def opened(number, engines=engines):
            with engines[number].connect() as connection:
                return connection.exec_driver_sql("PRAGMA journal_mode").scalar()

        assert together(opened) == ["wal"] * AT_ONCE
        for engine in engines:
            engine.dispose()


def test_the_default_organisation_is_made_once(store, clock):
    """Whoever comes first at the first start makes it."""
    orgs = Orgs(store, clock)
    assert len({org.id for org in together(lambda _: orgs.ensure_default())}) == 1


def test_the_first_key_is_made_once(store, clock):
    """Two daemons that start together leave one admin key behind."""
    org, keys = Orgs(store, clock).ensure_default(), Keys(store, clock)
    made = [key for key in together(lambda _: keys.issue_first(org, "admin", ["admin"])) if key]
    assert len(made) == len(keys.of(org)) == 1
    assert keys.verify(made[0]) is not None


def test_a_connections_name_is_given_once(store, clock):
    """The others are told that it is taken."""
    org = Orgs(store, clock).ensure_default()
    connections = Connections(store, clock, Keyring(["key"]))
    manifest = Manifest(key="acme", title="Acme", streams=[])

    def add(_number):
        try:
            return connections.add(org, manifest, settings={}, secrets={}).id
        except UsageFailure as taken:
            return taken.code

    came_to = together(add)
    assert came_to.count("name_taken") == AT_ONCE - 1
    assert [row.id for row in connections.of(org)] == [one for one in came_to if one != "name_taken"]


def test_a_scheduled_moment_is_entered_once_however_many_schedulers_there_are(store, clock):
    """Two daemons on two machines may both say that a stream is due."""
    org = Orgs(store, clock).ensure_default()
    manifest = Manifest(key="acme", title="Acme", streams=[])
    connection = Connections(store, clock, Keyring(["key"])).add(org, manifest, settings={}, secrets={})
    stream = StreamRow(org.id, connection.id, "customers", ["poll"], "* * * * *", None, "UTC", paused=False)
    with store.write() as uow:
        uow.streams.replace(org.id, connection.id, [stream])
    queues = [RunQueue(store, clock, 3) for _ in range(AT_ONCE)]
    entered = together(lambda number: queues[number].tick([Due(stream, datetime(2026, 3, 1, 12, tzinfo=UTC))]))
    assert sum(len(runs) for runs in entered) == 1
    with store.read() as uow:
        assert len(uow.work.unfinished_of(org.id, connection.id, "stream:customers")) == 1


def test_a_moment_is_entered_by_one_of_several_who_did_not_lock(store, clock):
    """The ledger itself tells the others that they were not first, and keeps their units of work whole."""

    def enter(number):
        tick = TickRow(1, 2, "customers", clock.now(), "ran", None, f"run-{number}", clock.now())
        with store.write() as uow:
            first = uow.ticks.add(tick)
            uow.orgs.add(OrgRow(number + 1, f"org-{number}", clock.now()))
            return first

    assert sorted(together(enter)) == [False] * (AT_ONCE - 1) + [True]
    with store.read() as uow:
        assert len(uow.ticks.of(1, 2, "customers", 10)) == 1
        assert len(uow.orgs.all()) == AT_ONCE


def test_what_is_decided_under_a_lock_is_decided_one_after_the_other(store, clock):
    """Each counts what is there and adds the next: none counts the same."""

    def add(_number):
        with store.write() as uow:
            uow.lock("numbers", 7)
            there = len(uow.orgs.all())
            uow.orgs.add(OrgRow(there + 1, f"org-{there}", clock.now()))
            return there

    assert sorted(together(add)) == list(range(AT_ONCE))


@pytest.mark.parametrize("writes", [1, 5])
def test_what_is_read_together_is_of_one_moment(store, clock, writes):
    """A list and what it is looked up in agree, whatever is written meanwhile."""
    with store.read() as uow:
        before = uow.orgs.all()
        for number in range(writes):
            with store.write() as other:
                other.orgs.add(OrgRow(number + 1, f"org-{number}", clock.now()))
        assert uow.orgs.all() == before == []
    with store.read() as uow:
        assert len(uow.orgs.all()) == writes


def test_a_unit_of_work_that_fails_leaves_nothing_behind(store, clock):
    """Everything in it is kept, or none of it is."""

    def fail():
        with store.write() as uow:
            uow.orgs.add(OrgRow(1, "org", clock.now()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with Store(store.engine).read() as uow:
        assert uow.orgs.all() == []
