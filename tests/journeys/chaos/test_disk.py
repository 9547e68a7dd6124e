"""A disk that is full: nothing is promised that is not kept, and once there is room everything goes on."""

import os
import threading
import time

import pytest
from tests.journeys.chaos.disks import LargestFile, SmallDisk, can_mount
from tests.journeys.chaos.pusher import KEYS, Pusher
from tests.journeys.chaos.server import killable_server
from tests.journeys.chaos.troubled import TroubledSource

pytestmark = pytest.mark.journey

VARIABLE = "LEVADA_CHAOS_KILLS"
FULL_S, ENDED_S = 3.0, 120.0


@pytest.fixture(params=["a disk", "a file"])
def disk(request, tmp_path):
    """What becomes full: a file system, where this user may mount one, or what a file may be."""
    mounts = can_mount(tmp_path / "tried")
    if request.param == "a disk" and not mounts:
        pytest.skip("this user may mount no file system")
    if request.param == "a file" and mounts and VARIABLE not in os.environ:
        pytest.skip(f"a full disk of its own shows as much; `make chaos` tries both ({VARIABLE})")
    made = (SmallDisk if request.param == "a disk" else LargestFile)(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def source():
    with TroubledSource(trouble=0, hangs_s=0, pause_s=0.05, seed=8, customers=300, invoices=0, invalid=0) as acme:
        yield acme


class Listening:
    """Where a pusher finds the daemon that serves just now."""

    def __init__(self, daemon):
        self.daemon = daemon

    @property
    def url(self):
        return f"{self.daemon.url}/hooks/acme/events"


def begun(site, source, wait_until):
    """Serve, and return who pushes to the daemon once two pages of a run have committed; and that run."""
    site.env |= {"ACME_SIGNING": source.signing_secret, "LEVADA_WORK__DRAIN_S": "2"}
    site.runtime("connections", "set", "acme", "--secret", "signing_secret=env:ACME_SIGNING")
    daemon = site.serve("--workers", "1")
    (run,) = site.enqueue("customers")
    wait_until(lambda: site.run_rows()[run][1] >= 2, "two pages")
    return Pusher(Listening(daemon), source.signing_secret), run


def finished(site, pusher):
    """Wait until everything that was pushed is taken and everything that is to be done is done; then stop."""
    watching = threading.Thread(target=pusher.join)
    watching.start()
    daemon = pusher.site.daemon
    deadline = time.monotonic() + ENDED_S
    while watching.is_alive() or site.rows("SELECT 1 FROM work WHERE state IN ('queued', 'running')"):
        assert daemon.process.poll() is None, f"the daemon ended though there was room: {daemon.errors()[-4000:]}"
        assert time.monotonic() < deadline, daemon.errors()[-10_000:]
        watching.join(0.2)
    daemon.stop()


def ended(daemon):
    """Return what a daemon said that has ended because its store could not be written."""
    daemon.process.communicate(timeout=30)
    err = daemon.errors()
    assert daemon.process.returncode == 3, err
    return err


def assert_everything_is_there_once(site, source, pusher):
    assert dict(site.rows("SELECT state, count(*) FROM receipts GROUP BY 1")) == {"processed": 2 * KEYS}
    assert {receipt for _, receipt in pusher.accepted} == {one for (one,) in site.rows("SELECT id FROM receipts")}
    customers = "SELECT count(*) FROM documents WHERE document_type = 'customer'"
    assert site.rows(customers) == [(len(source.served.customers),)]
    assert site.rows("SELECT document_type, max(version) FROM documents GROUP BY 1 ORDER BY 1") == [
        ("customer", 1),
        ("payment", 2),
    ]


@pytest.mark.databases("sqlite")
def test_a_full_disk_loses_nothing_and_promises_nothing(disk, source, tmp_path, connected_site, wait_until):
    """Deliveries are refused while it is full, the daemon may end, and what was promised is there in the end."""
    site = connected_site(tmp_path / "data", source)
    pusher, run = begun(site, source, wait_until)
    daemon = pusher.site.daemon
    pids = [daemon.process.pid, *daemon.workers()]

    disk.fill(pids)
    pusher.push(2)
    wait_until(lambda: pusher.answers[503] > 2 or daemon.process.poll() is not None, "somebody noticed")
    full = dict(pusher.answers)
    time.sleep(FULL_S)
    assert site.run_rows()[run][0] in ("queued", "running"), "the disk was never full"
    disk.empty(pids)
    if daemon.process.poll() is not None:
        assert f"the store at {tmp_path / 'data' / 'levada.db'} cannot be written" in ended(daemon)
        pusher.site.daemon = site.serve("--workers", "1")

    finished(site, pusher)
    assert full.get(202, 0) < 2 * KEYS
    assert_everything_is_there_once(site, source, pusher)
    assert site.rows("PRAGMA integrity_check") == [("ok",)]


TABLES, LOG = "its tables", "its log, too"
SIZES = {TABLES: 24 << 20, LOG: 144 << 20}


@pytest.fixture(params=[TABLES, LOG])
def crowded(request, tmp_path):
    """A server whose tables lie on a small disk, or all of it does: the log that is written ahead as well."""
    if not can_mount(tmp_path / "tried"):
        pytest.skip("this user may mount no file system, and a server has to run out of room for real")
    with killable_server(small="tables" if request.param == TABLES else "data", size=SIZES[request.param]) as server:
        yield server, request.param


def test_a_full_disk_of_postgresql_loses_nothing_and_promises_nothing(
    crowded, source, tmp_path, connected_site, wait_until
):
    """Without room for rows it refuses them, without room for its log it goes down; either way what it has is whole."""
    server, what = crowded
    site = connected_site(tmp_path / "data", source, server.url)
    pusher, run = begun(site, source, wait_until)
    daemon = pusher.site.daemon

    server.disk.fill()
    pusher.push(2)
    wait_until(lambda: pusher.answers[503] > 2 or daemon.process.poll() is not None, "somebody noticed")
    full = dict(pusher.answers)
    time.sleep(FULL_S)
    if what == TABLES:
        assert "cannot be written: could not extend file" in daemon.errors()
        assert site.run_rows()[run][0] in ("queued", "running"), "the disk was never full"
    server.disk.empty()
    server.wait_or_start()
    if daemon.process.poll() is not None:
        assert "cannot be " in ended(daemon)
        pusher.site.daemon = site.serve("--workers", "1")

    finished(site, pusher)
    assert full.get(202, 0) < 2 * KEYS
    assert_everything_is_there_once(site, source, pusher)
