"""Notes: transactions that wait for no disk, and leave the connection that they used as they found it."""

import time

import pytest
import sqlalchemy as sa

from levada_runtime.store import engine, unit_of_work
from levada_runtime.store.failures import UNAVAILABLE


def kept(store):
    with store.read() as uow:
        return uow.rate_budgets.look(1, b"key", "a.test")


def note(store, clock, value):
    with store.note() as uow:
        found = uow.rate_budgets.hold(1, b"key", "a.test", clock.now())
        uow.rate_budgets.keep(1, b"key", "a.test", {**found, "n": value}, clock.now())


def test_a_note_is_there_for_everybody_once_it_is_made(store, clock):
    """It is a transaction like another, but for the disk."""
    assert kept(store) == {}
    note(store, clock, 1)
    note(store, clock, 2)
    assert kept(store) == {"n": 2}
    with pytest.raises(sa.exc.StatementError):
        note(store, clock, object())
    assert kept(store) == {"n": 2}


@pytest.mark.databases("sqlite")
def test_what_is_written_after_a_note_waits_for_the_disk_again(store, clock):
    """The pool gives the same connection to both."""
    seen = []
    with store.note() as uow:
        seen.append(uow._connection.exec_driver_sql("PRAGMA synchronous").scalar_one())
        uow.rate_budgets.hold(1, b"key", "a.test", clock.now())
    with store.write() as uow:
        seen += [
            uow._connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("synchronous", "busy_timeout")
        ]
    assert seen == [1, 2, 30000]


@pytest.mark.databases("postgresql")
def test_a_note_does_not_wait_for_the_log(store, clock):
    """And nothing but the note is so."""
    with store.note() as uow:
        assert uow._connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "off"
        assert uow._connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "10s"
    with store.write() as uow:
        assert uow._connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "0"


def test_a_note_waits_for_nobody_for_long(store, clock, monkeypatch):
    """Another writer may be at a page of thousands of records; what a note is for goes on without it."""
    monkeypatch.setattr(engine, "HURRIED_MS", 400)
    monkeypatch.setattr(unit_of_work, "NOTING", "SET LOCAL lock_timeout = '400ms'")
    note(store, clock, 1)
    with store.write() as other:
        other.rate_budgets.hold(1, b"key", "a.test", clock.now())
        began = time.monotonic()
        with pytest.raises(UNAVAILABLE):
            note(store, clock, 2)
        assert 0.3 < time.monotonic() - began < 6


def test_what_nobody_asked_for_in_a_month_goes_with_the_next_first_one(store, clock):
    """Of the same organisation."""
    note(store, clock, 1)
    clock.pass_time(days=31)
    with store.note() as uow:
        uow.rate_budgets.hold(1, b"other", "a.test", clock.now())
    assert kept(store) == {}
    with store.read() as uow:
        assert uow._connection.execute(sa.text("SELECT count(*) FROM rate_budgets")).scalar_one() == 1


def test_a_remark_is_kept_unless_somebody_wrote_since(store, clock):
    """One statement, which tells whether it was taken; what is not there is not made."""
    place = (1, b"key", "a.test")
    with store.remark() as uow:
        assert not uow.rate_budgets.swap(*place, {}, {"limit": 5}, clock.now())
    with store.note() as uow:
        uow.rate_budgets.hold(*place, clock.now())
    with store.remark() as uow:
        assert uow.rate_budgets.swap(*place, {}, {"limit": 5}, clock.now())
    with store.remark() as uow:
        assert not uow.rate_budgets.swap(*place, {}, {"limit": 6}, clock.now())
    with store.read() as uow:
        assert uow.rate_budgets.look(*place) == {"limit": 5}
