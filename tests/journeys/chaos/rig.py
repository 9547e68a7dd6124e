"""An installation under attack: a daemon that somebody starts again whenever it ends, and whoever kills it."""

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import WorkSettings
from levada_runtime.runs.backfills import Wanted

ENDED = ("succeeded", "partial", "failed", "cancelled")
ATTEMPTS = 1000
"""Nothing is given up: what is lost is lost by the runtime."""
SETTINGS = {
    "LEVADA_WORK__ATTEMPTS": str(ATTEMPTS),
    "LEVADA_SANDBOX__POLL_WALL_S": "8",
    "LEVADA_LOG_LEVEL": "error",
}
SQLITE_VICTIMS = {"child": 4, "zygote": 2, "worker": 4, "daemon": 3}
POSTGRESQL_VICTIMS = {**SQLITE_VICTIMS, "postgresql": 1, "backend of postgresql": 1}
LANDED_WITHIN_S = 12.0


class Rig:
    """Keeps a site's daemon running, and kills what it is told to kill while work is under way."""

    def __init__(self, site, source, wait_until, children, seed, *, server=None, clock=None):
        self.site, self.source, self.wait_until, self.children = site, source, wait_until, children
        self.server, self.clock = server, clock
        self.random = random.Random(seed)
        self.landed, self.missed = Counter(), 0
        self.pusher = None
        self.daemon = None
        self.serve()

    @property
    def url(self):
        """Where webhooks are pushed to; None while nobody listens."""
        daemon = self.daemon
        return f"{daemon.url}/hooks/acme/events" if daemon is not None else None

    def serve(self):
        """Start the daemon, again and again if its database is just coming back."""
        for _ in range(20):
            try:
                self.daemon = self.site.serve("--workers", "2")
            except AssertionError:
                if self.server is None:
                    raise
                self.server.wait()
            else:
                return
        raise AssertionError("no daemon would start")

    def revive(self):
        """Start the daemon again if it has ended."""
        if self.daemon.process.poll() is not None:
            dead, self.daemon = self.daemon, None
            dead.stop()
            self.serve()

    def enter(self, begins, ends, slice_):
        """Queue a poll of the customers, and a backfill of the invoices that changed in between, for the daemon."""
        settings = self.site.settings().model_copy(update={"work": WorkSettings(attempts=ATTEMPTS)})
        with Installation(settings) as installation:
            connection = installation.connections.get(installation.org, "acme")
            installation.queue.by_hand(connection, "customers")
            _, manifest = installation.catalog.ready("acme")
            wanted = Wanted("invoices", begins.isoformat(), ends.isoformat(), slice_, 2)
            installation.backfills.begin(connection, manifest, wanted)

    def unfinished(self):
        """Return whether anything is left to be done."""
        return self.rows("SELECT 1 FROM work WHERE state IN ('queued', 'running') LIMIT 1")

    def running(self):
        """Return mode and attempt of what is under way, by run."""
        rows = self.rows("SELECT id, mode, attempt FROM runs WHERE state = 'running'")
        return {run: (mode, attempt) for run, mode, attempt in rows}

    def strike(self, victim, look):
        """Kill something while runs are under way; tell whether that landed in one, and count in which phase.

        `look` is called when it is dead and nothing has been mended yet.
        """
        if not self.running():
            return False
        pids = self._pids_of(victim)
        if not pids:
            return False
        time.sleep(self.random.uniform(0, 0.08))
        frozen = victim not in ("postgresql", "backend of postgresql")
        if frozen:
            for pid in pids:
                signalled(pid, signal.SIGSTOP)
        struck, phase = self.running(), self._phase()
        self._kill(victim, pids, look)
        hit = self._hit(struck)
        if hit is None:
            self.missed += 1
            return False
        self.landed[victim, struck[hit][0], phase] += 1
        return True

    def settle(self):
        """Have no more trouble, and wait until nothing is left to be done."""
        self.source.calm()
        deadline = time.monotonic() + 240
        while self.unfinished() or (self.pusher and self.pusher.pushing):
            self.revive()
            assert time.monotonic() < deadline, self.rows(
                "SELECT r.mode, r.state, r.reason, r.attempt, w.state, w.not_before, w.attempt FROM work w"
                " LEFT JOIN runs r ON r.connection_id = w.connection_id AND r.state NOT IN ('succeeded')"
                " WHERE w.state IN ('queued', 'running') LIMIT 20"
            )
            if self.clock is not None:
                self.clock.jump(5)  # a retry that waits by the clock need not be waited for
            time.sleep(0.2)

    def rows(self, query):
        """Read the database, once it can be reached."""
        for _ in range(200):
            with suppress(sa.exc.OperationalError):
                return self.site.rows(query)
            time.sleep(0.05)
        raise AssertionError("the database cannot be reached")

    def together(self, *queries):
        """Return the answers to several questions as of one moment."""
        engine = self.site._reader()
        if self.server is not None:
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.connect() as connection:
            if self.server is None:
                connection.exec_driver_sql("BEGIN")
            return [[tuple(row) for row in connection.exec_driver_sql(query)] for query in queries]

    def _pids_of(self, victim):
        daemon = self.daemon
        workers = [pid for pid in daemon.workers() if daemon.has_grandchildren(pid)]
        zygotes = [zygote for pid in workers for zygote in self.children(pid)]
        match victim:
            case "daemon":
                return [daemon.process.pid]
            case "worker":
                return self._one(workers)
            case "zygote":
                return self._one(zygotes)
            case "child":
                return self._one([child for zygote in zygotes for child in self.children(zygote)])
            case "postgresql":
                return [self.server.postmaster]
        return self._one([pid for (pid,) in self.rows(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )])  # fmt: skip

    def _one(self, pids):
        return [self.random.choice(pids)] if pids else []

    def _kill(self, victim, pids, look):
        if victim == "postgresql":
            self.server.kill()
        else:
            for pid in pids:
                signalled(pid, signal.SIGKILL)
        if self.server is not None:
            self.server.wait()
        look()
        if victim == "daemon":
            dead, self.daemon = self.daemon, None
            dead.stop()
            self.serve()

    def _hit(self, struck):
        """Return a run that lost an attempt to the kill; None when all of them went on or had ended."""
        deadline = time.monotonic() + LANDED_WITHIN_S
        while time.monotonic() < deadline:
            self.revive()
            found = {run: rest for run, *rest in self.rows("SELECT id, state, attempt FROM runs")}
            for run, (_, attempt) in struck.items():
                state, now = found[run]
                if now > attempt or state == "queued":
                    return run
            if all(found[run][0] in ENDED for run in struck):
                return None
            time.sleep(0.03)
        return None

    def _phase(self):
        if self.source.asked:
            return "asking the source"
        if self._is_writing():
            return "committing"
        return "taking in" if self.pusher and self.pusher.waiting else "at the wall"

    def _is_writing(self):
        if self.server is not None:
            return bool(self.rows(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
            ))  # fmt: skip
        return all(_is_locked(self.site.data_dir / "levada.db") for _ in range(3))


def _is_locked(database: Path) -> bool:
    connection = sqlite3.connect(database, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        time.sleep(0.005)
        return True
    finally:
        connection.close()
    return False


def signalled(pid: int, number: int) -> None:
    """Send a signal to whoever is there."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
