"""kill -9 of the worker while a snapshot is staged, and while it is taken over: the graph is as before, or as after."""

import json
import os
import signal

import pytest

from levada_runtime.daemon.installation import Installation

pytestmark = pytest.mark.journey

CONNECTOR = '''
"""An inventory as large as its setting says."""
from levada import Connector, integer

connector = Connector("inventory", settings=[integer("count"), integer("version")])


@connector.poll("hosts", every="@yearly")
def hosts(settings, graph, checkpoint):
    """Every host, and the one that it uses."""
    version = settings["version"]
    with graph.snapshot() as snapshot:
        first = snapshot.entity("host", "h0", {"version": version})
        for at in range(1, settings["count"]):
            snapshot.relationship(snapshot.entity("host", f"h{at}", {"version": version}), "USES", first)
    checkpoint.save(version=version)
'''
MANY = 8_000
PARTS = 8
"""Four of entities, and four of relationships."""


@pytest.fixture
def inventory(tmp_path, site_class, site_database):
    """An installation with thirty hosts, whose next snapshot is much larger."""
    packages = tmp_path / "packages"
    (packages / "inventory").mkdir(parents=True)
    (packages / "inventory" / "__init__.py").write_text(CONNECTOR)
    info = packages / "inventory-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: inventory\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\ninventory = inventory:connector\n")
    site = site_class(tmp_path / "data", {"PYTHONPATH": str(packages)}, site_database())
    site.runtime("connections", "add", "inventory", "--set", "count=30", "--set", "version=1")
    site.runtime("run", "inventory", "hosts")
    site.runtime("connections", "set", "inventory", "--set", f"count={MANY}", "--set", "version=2")
    return site


def graph_of(site):
    """Return how many hosts there are of each version, how many edges, and the checkpoint."""
    hosts = site.rows("SELECT traits FROM entities WHERE deleted_at IS NULL")
    versions = [(one if isinstance(one, dict) else json.loads(one))["version"] for (one,) in hosts]
    ((state,),) = site.rows("SELECT state FROM checkpoints")
    saved = state if isinstance(state, dict) else json.loads(state)
    edges = site.rows("SELECT count(*) FROM relationship_claims")[0][0]
    return {version: versions.count(version) for version in set(versions)}, edges, saved


def parts(site):
    return site.rows("SELECT count(*) FROM graph_parts")[0][0]


def attempts(site):
    return max(attempt for _, _, attempt in site.run_rows().values())


@pytest.mark.databases("sqlite")
def test_a_snapshot_and_its_checkpoint_are_there_as_a_whole_or_not_at_all(inventory, wait_until):
    """Whatever the dead worker staged is dropped, and the run is carried out anew."""
    before = ({1: 30}, 29, {"version": 1})
    assert graph_of(inventory) == before
    daemon = inventory.serve("--workers", "1")
    with Installation(inventory.settings()) as installation:
        connection = installation.connections.get(installation.org, "inventory")
        installation.queue.by_hand(connection, "hosts")
    for staged in (1, PARTS):
        tried = attempts(inventory)
        wait_until(lambda least=staged: parts(inventory) >= least, f"{staged} staged parts")
        assert graph_of(inventory) == before
        (worker,) = daemon.workers()
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda last=tried: attempts(inventory) > last, "the run was taken up again")
    wait_until(lambda: "running" not in {row[0] for row in inventory.run_rows().values()}, "the run ended", 120)
    assert {row[0] for row in inventory.run_rows().values()} == {"succeeded"}
    assert graph_of(inventory) == ({2: MANY}, MANY - 1, {"version": 2})
    assert parts(inventory) == 0
    assert attempts(inventory) >= 3
    assert daemon.stop() == 128 + signal.SIGTERM
