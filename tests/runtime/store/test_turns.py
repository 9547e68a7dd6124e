"""Whoever writes to SQLite gets a turn, however busily another writes."""

import itertools
import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from levada_runtime.store import engine
from levada_runtime.store.engine import make_engine
from levada_runtime.store.unit_of_work import Store

pytestmark = pytest.mark.databases("sqlite")


def test_a_busy_writer_starves_nobody(new_database):
    """One writes all the time, but for moments; another gets the lock in a small part of what SQLite would make it."""
    url, stop, turns = new_database(), threading.Event(), []

    def hog():
        store = Store(make_engine(url))
        while not stop.is_set():
            with store.write():
                time.sleep(0.01)
            time.sleep(0.0005)
        store.close()

    other, writer = Store(make_engine(url)), threading.Thread(target=hog)
    writer.start()
    try:
        for _ in range(12):
            began = time.monotonic()
            with other.write():
                turns.append(time.monotonic() - began)
            time.sleep(0.05)  # the other one is at it again
    finally:
        stop.set()
        writer.join()
        other.close()
    assert sum(turns) < 1, turns


def test_a_lock_that_is_never_given_back_is_waited_for_no_longer_than_was_said(new_database, monkeypatch):
    """A note waits for a while, once, and is given up with the database's own words."""
    monkeypatch.setattr(engine, "HURRIED_MS", 2_000)
    url = new_database()
    holder, other = Store(make_engine(url)), Store(make_engine(url))
    with holder.write():
        began = time.monotonic()
        with pytest.raises(sa.exc.OperationalError, match="database is locked"), other.note():
            raise AssertionError("the lock was given away twice")
        assert 1.9 < time.monotonic() - began < 3.8
    with other.write() as uow:
        assert uow.orgs.all() == []
    for store in (holder, other):
        store.close()


def test_who_goes_first_waits_for_the_one_that_writes_and_for_no_line_of_others(new_database):
    """Six write without a pause; while one that goes first waits, none of them writes that has come since."""
    url, stop, waited, written = new_database(), threading.Event(), {True: [], False: []}, itertools.count()

    def hog():
        store = Store(make_engine(url))
        while not stop.is_set():
            with store.write():
                time.sleep(0.01)
                next(written)
        store.close()

    other, writers = Store(make_engine(url)), [threading.Thread(target=hog) for _ in range(6)]
    for writer in writers:
        writer.start()
    try:
        for number in range(40):
            time.sleep(0.015)
            before = next(written)
            with other.write(first=bool(number % 2)):
                waited[bool(number % 2)].append(next(written) - before - 1)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
        other.close()
    assert max(waited[True]) <= len(writers) < max(waited[False]), waited


def test_who_goes_first_and_dies_is_in_nobodys_way(new_database):
    """The system takes the lock from a process that is killed."""
    url = new_database()
    way = f"{sa.make_url(url).database}-way"
    words = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True)"
    with subprocess.Popen([sys.executable, "-c", f"{words}; time.sleep(60)", way], stdout=subprocess.PIPE) as dying:
        dying.stdout.readline()
        threading.Timer(0.5, dying.kill).start()
        store, began = Store(make_engine(url)), time.monotonic()
        with store.write():
            assert 0.3 < time.monotonic() - began < 5
        store.close()
