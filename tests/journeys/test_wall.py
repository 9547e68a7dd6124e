"""Bombs: each ends its own run for its own reason, the daemon's other runs go on, and nothing is left behind."""

import os
from pathlib import Path

import pytest
from tests.journeys import bombs

from levada_acme.sample import SampleSource
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import WorkSettings

pytestmark = [pytest.mark.journey, pytest.mark.databases("sqlite")]

LIMITS = {
    "LEVADA_SANDBOX__MEMORY_MB": "256",
    "LEVADA_SANDBOX__POLL_CPU_S": "1",
    "LEVADA_SANDBOX__POLL_WALL_S": "7",
}
REASONS = {
    "memory": {"memory"},
    "spin": {"cpu_limit"},
    "sleep": {"timeout"},
    "regex": {"cpu_limit"},
    "logs": {None},
    "endless": {"cpu_limit", "timeout"},
    "generator": {"memory", "cpu_limit"},
    "huge": {"connector_error"},
    "deep": {"connector_error"},
    "forks": {"connector_error"},
    "flood": {"protocol_violation"},
    "lie": {"protocol_violation"},
    "trace": {"sandbox_violation"},
}
"""Which of two limits an endless run meets first depends on how busy the machine is."""
SAYS = {
    "memory": "256 MiB of memory",
    "spin": "1 s of processor time",
    "sleep": "longer than 7 s",
    "huge": "9437281 bytes; 7340032 is the most",
    "forks": "Operation not permitted",
    "lie": "a frame claims 4294967295 bytes",
}
WORKERS = 3


@pytest.fixture
def source():
    """A source that answers at once, so that what disturbs its runs is what the test is about."""
    with SampleSource(seed=5, customers=400, invoices=0, faults=False) as acme:
        yield acme


@pytest.fixture
def bombed(site, tmp_path, monkeypatch):
    """An installation that beside acme has connections to everything that goes off."""
    folder = str(tmp_path / "installed")
    bombs.install(tmp_path / "installed")
    monkeypatch.syspath_prepend(folder)
    with Installation(site.settings()) as installation:
        installation.catalog.refresh()
        for key in ("bombs", *bombs.VIOLATIONS):
            _connector, manifest = installation.catalog.ready(key)
            installation.connections.add(installation.org, manifest, settings={}, secrets={})
    site.env |= {**LIMITS, "PYTHONPATH": folder}
    return site


def enqueue(site, *streams):
    """Queue a run of each bomb and one of acme before each, and return the ids of both, by stream."""
    queued = {"acme": []}
    once = site.settings().model_copy(update={"work": WorkSettings(attempts=1)})
    with Installation(once) as installation:
        for stream in streams:
            acme = installation.connections.get(installation.org, "acme")
            queued["acme"].append(installation.queue.by_hand(acme, "customers").id)
            name = stream if stream in bombs.VIOLATIONS else "bombs"
            queued[stream] = installation.queue.by_hand(installation.connections.get(installation.org, name), stream).id
    return queued


def ended(site, queued):
    """Tell whether every one of these runs has ended."""
    states = dict(site.rows("SELECT id, state FROM runs"))
    return not {states[run] for run in _ids(queued)} & {"queued", "running"}


def _ids(queued):
    return [*queued["acme"], *(run for stream, run in queued.items() if stream != "acme")]


def left(daemon):
    """Return the descriptors of workers and zygotes, and whatever runs or lies dead below a zygote.

    Connections to the source come and go: which worker keeps one depends on which of them ran acme last.
    """
    workers = sorted(daemon.workers())
    zygotes = [zygote for worker in workers for zygote in _children(worker)]
    descriptors = [_descriptors(pid) for pid in (*workers, *zygotes)]
    return workers, zygotes, descriptors, [child for zygote in zygotes for child in _children(zygote)]


def _descriptors(pid):
    """Return how many descriptors a process has, TCP sockets apart."""
    kept = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    tables = [Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:] for table in ("tcp", "tcp6")]
    connections = {f"socket:[{line.split()[9]}]" for table in tables for line in table}
    return len([link for link in kept if link not in connections])


def _children(pid):
    """Return the children of a process, the dead ones that nobody has buried among them."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sorted(int(child) for task in tasks for child in (task / "children").read_text().split())


def groups_of(pids):
    """Return the memory groups that these processes made."""
    names = [name for _root, folders, _files in os.walk("/sys/fs/cgroup") for name in folders]
    return [name for name in names if name.startswith("levada-") and any(f"-{pid}-" in name for pid in pids)]


def test_each_bomb_ends_its_own_run_and_nothing_else(bombed, source, wait_until):
    """Thirteen bombs beside a connector that works: reasons of their own, and a daemon that is as it was."""
    site = bombed
    daemon = site.serve("--workers", str(WORKERS))
    wait_until(lambda: len(daemon.workers()) == WORKERS, "the workers are there")
    queued = enqueue(site, *REASONS)
    wait_until(lambda: ended(site, queued), "every run has ended", 60)

    shown = {run["id"]: run for run in site.json("runs", "list", "--limit", "100")["items"]}
    reasons = {stream: shown[queued[stream]]["reason"] for stream in REASONS}
    assert {stream for stream, reason in reasons.items() if reason not in REASONS[stream]} == set(), reasons
    for stream, said in SAYS.items():
        assert said in str(shown[queued[stream]]["error"]), shown[queued[stream]]
    assert {shown[run]["state"] for run in queued["acme"]} == {"succeeded"}
    assert all(shown[run]["attempt"] == 1 for run in _ids(queued))
    stored = site.rows("SELECT source_id FROM documents WHERE idempotency_key LIKE 'acme:%'")
    assert {int(source_id) for (source_id,) in stored} == set(source.served.customers)
    (logged,) = site.rows("SELECT sum(length(message)) FROM run_logs WHERE run_id = ?", queued["logs"])
    assert 200 << 10 < logged[0] < 300 << 10

    workers, zygotes, descriptors, below = left(daemon)
    assert (len(workers), len(zygotes), below) == (WORKERS, WORKERS, [])
    again = enqueue(site, "memory", "forks", "huge", "deep", "regex")
    wait_until(lambda: ended(site, again), "every run has ended again", 60)
    assert left(daemon) == (workers, zygotes, descriptors, [])
    assert {shown["state"] for shown in _shown(site, again["acme"])} == {"succeeded"}

    assert daemon.stop() == 128 + 15
    assert groups_of(workers) == []
    assert not [pid for pid in (*workers, *zygotes) if Path(f"/proc/{pid}").exists()]


def _shown(site, runs):
    listed = site.json("runs", "list", "--limit", "100")["items"]
    return [one for one in listed if one["id"] in runs]
