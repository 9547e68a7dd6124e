"""A disk that is full: nothing is promised that is not kept, and once there is room everything goes on."""

import os
import resource
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.journeys.chaos.pusher import KEYS, Pusher
from tests.journeys.chaos.troubled import TroubledSource

pytestmark = [pytest.mark.journey, pytest.mark.databases("sqlite")]

VARIABLE = "LEVADA_CHAOS_KILLS"
DISK = 24 << 20
FULL_S, ENDED_S = 3.0, 120.0


class SmallDisk:
    """A file system of its own in memory, which a file fills to the last byte."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs", str(folder)], check=True)

    def fill(self, _pids):
        with (self._folder / "filler").open("ab", buffering=0) as filler:
            for size in (1 << 16, 1 << 12, 1):
                while self._takes(filler, b"x" * size):
                    pass

    def empty(self, _pids):
        (self._folder / "filler").unlink()

    def close(self):
        subprocess.run(["umount", "-l", str(self._folder)], check=False)

    @staticmethod
    def _takes(filler, block):
        try:
            return filler.write(block) == len(block)
        except OSError:
            return False


class LargestFile:
    """A limit on how large a file may become, which the log of the database has reached, as under a quota."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fill(self, pids):
        log = (self._folder / "levada.db-wal").stat().st_size
        self._limit(pids, log)

    def empty(self, pids):
        self._limit(pids, resource.RLIM_INFINITY)

    def close(self):
        """Nothing is left of it."""

    @staticmethod
    def _limit(pids, size):
        for pid in pids:
            with suppress(ProcessLookupError):  # a worker that could not write down how its run ended is gone
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def can_mount(folder: Path) -> bool:
    folder.mkdir()
    tried = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], capture_output=True, check=False)
    if tried.returncode == 0:
        subprocess.run(["umount", "-l", str(folder)], check=False)
    return tried.returncode == 0


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


def test_a_full_disk_loses_nothing_and_promises_nothing(disk, source, tmp_path, connected_site, wait_until):
    """Deliveries are refused while it is full, the daemon may end, and what was promised is there in the end."""
    site = connected_site(tmp_path / "data", source)
    site.env |= {"ACME_SIGNING": source.signing_secret, "LEVADA_WORK__DRAIN_S": "2"}
    site.runtime("connections", "set", "acme", "--secret", "signing_secret=env:ACME_SIGNING")
    daemon = site.serve("--workers", "1")
    (run,) = site.enqueue("customers")
    wait_until(lambda: site.run_rows()[run][1] >= 2, "two pages")
    listening = Listening(daemon)
    pusher = Pusher(listening, source.signing_secret)
    pids = [daemon.process.pid, *daemon.workers()]

    disk.fill(pids)
    pusher.push(2)
    wait_until(lambda: pusher.answers[503] > 2 or daemon.process.poll() is not None, "somebody noticed")
    full = dict(pusher.answers)
    time.sleep(FULL_S)
    assert site.run_rows()[run][0] in ("queued", "running"), "the disk was never full"
    disk.empty(pids)
    if daemon.process.poll() is not None:
        daemon.process.communicate(timeout=30)
        err = daemon.errors()
        assert daemon.process.returncode == 3, err
        assert f"the store at {tmp_path / 'data' / 'levada.db'} cannot be written" in err
        listening.daemon = site.serve("--workers", "1")

    watching = threading.Thread(target=pusher.join)
    watching.start()
    deadline = time.monotonic() + ENDED_S
    while watching.is_alive() or site.rows("SELECT 1 FROM work WHERE state IN ('queued', 'running')"):
        assert listening.daemon.process.poll() is None, "the daemon ended though there was room"
        assert time.monotonic() < deadline, listening.daemon.errors()[-10_000:]
        watching.join(0.2)
    listening.daemon.stop()
    assert full.get(202, 0) < 2 * KEYS
    assert dict(site.rows("SELECT state, count(*) FROM receipts GROUP BY 1")) == {"processed": 2 * KEYS}
    assert {receipt for _, receipt in pusher.accepted} == {one for (one,) in site.rows("SELECT id FROM receipts")}
    assert site.rows("SELECT count(*) FROM documents WHERE document_type = 'customer'") == [
        (len(source.served.customers),)
    ]
    assert site.rows("SELECT document_type, max(version) FROM documents GROUP BY 1 ORDER BY 1") == [
        ("customer", 1),
        ("payment", 2),
    ]
    assert site.rows("PRAGMA integrity_check") == [("ok",)]
