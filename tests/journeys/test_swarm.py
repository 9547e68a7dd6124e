"""Eight callers sync four connectors at once while the daemon is killed: the graph is the last committed batch of each.

`make swarm` tries it for a minute. A batch is made from its connector's name and its sync's, so that what was committed
last can be told from the store alone, whoever heard of it.
"""

import json
import os
import random
import signal
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

pytestmark = pytest.mark.journey

SECONDS = float(os.environ.get("LEVADA_SWARM_SECONDS", "3"))
KILL_EVERY_S = 2.0
CONNECTORS, CALLERS = ("aws", "okta", "crm", "scanner"), 8
SHARED, OWN, EDGES = 30, 20, 40
_ENDS = [("host", f"shared-{number}") for number in range(SHARED)]


def batch(connector, sync_id):
    """Return what a sync says: some of what everybody says something of, and some of its own."""
    drawn = random.Random(f"{connector}/{sync_id}")
    entities = [("host", f"{connector}-{number}") for number in range(drawn.randrange(1, OWN))]
    entities += drawn.sample(_ENDS, drawn.randrange(1, SHARED))
    edges = {(drawn.choice(entities), drawn.choice(("USES", "HAS")), drawn.choice(entities)) for _ in range(EDGES)}
    said = {"seen": sync_id, connector: drawn.randrange(3)}
    return {
        "connector_id": connector,
        "sync_id": sync_id,
        "entities": [
            {"entity_type": kind, "entity_key": key, "entity_class": "Host", "properties": said}
            for kind, key in entities
        ],
        "relationships": [
            {"from_type": a, "from_key": b, "verb": verb, "to_type": c, "to_key": d, "properties": {"by": connector}}
            for (a, b), verb, (c, d) in sorted(edges)
        ],
    }


class Swarm:
    """The callers, and what they were told."""

    def __init__(self, site, key):
        self._site = site
        self._key = key
        self.daemon = site.serve("--workers", "1")
        self.over = Event()
        self.acknowledged = {}

    def call(self, caller):
        """Sync one connector over and over; returns how many syncs were acknowledged, and how many got no answer."""
        connector, taken, lost, number = CONNECTORS[caller % len(CONNECTORS)], 0, 0, 0
        while not self.over.is_set():
            number += 1
            try:
                answer = self._post(batch(connector, f"{caller}.{number}"))
            except OSError:
                lost += 1
                time.sleep(0.1)
                continue
            assert answer["sync_id"] == f"{caller}.{number}"
            self.acknowledged[caller] = number
            taken += 1
        return taken, lost

    def _post(self, body):
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        url = f"{self.daemon.url}/v1/ingest/sync"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            if refused.code != 503:
                raise AssertionError(refused.read()) from refused
            raise OSError("it is being stopped") from None

    def kill(self):
        """Kill the daemon at any instant, and start another."""
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.communicate(timeout=30)
        self.daemon = self._site.serve("--workers", "1")


def test_eight_callers_and_four_connectors_under_kills(site_class, site_database, wait_until, tmp_path, capsys):
    """Every connector claims its last committed batch and nothing else, and the graph is what these add up to."""
    site = site_class(tmp_path / "data", {}, site_database())
    swarm = Swarm(site, site.json("keys", "create", "--scope", "ingest:write")["key"])
    with ThreadPoolExecutor(CALLERS) as pool:
        calls = [pool.submit(swarm.call, caller) for caller in range(CALLERS)]
        until, kills = time.monotonic() + SECONDS, 0
        try:
            while time.monotonic() + KILL_EVERY_S < until:
                time.sleep(random.Random(kills).uniform(0.5, 1.0) * KILL_EVERY_S)
                swarm.kill()
                kills += 1
            wait_until(lambda: len(swarm.acknowledged) == CALLERS, "an answer for every caller")
        finally:
            swarm.over.set()
        done = [call.result() for call in calls]
    swarm.daemon.stop()
    with capsys.disabled():
        print(
            f"\n  {sum(taken for taken, _ in done)} syncs in {SECONDS:.0f} s, {sum(lost for _, lost in done)} cut short"
        )
    assert kills >= 1
    last = dict(site.rows("SELECT source, sync_id FROM graph_sources"))
    assert {f"sync:{connector}" for connector in CONNECTORS} == last.keys()
    check_acknowledged(last, swarm.acknowledged)
    batches = {connector: batch(connector, last[f"sync:{connector}"]) for connector in CONNECTORS}
    check_claims(site, batches)
    check_graph(site, batches)


def check_acknowledged(last, acknowledged):
    """What a caller was told is committed; its own later sync may be as well, of which it was not told."""
    for connector in CONNECTORS:
        caller, number = map(int, last[f"sync:{connector}"].split("."))
        assert CONNECTORS[caller % len(CONNECTORS)] == connector
        assert number >= acknowledged[caller], (connector, number, acknowledged[caller])


def check_claims(site, batches):
    """Each connector claims what its last batch said, in its words."""
    claims = site.rows(
        "SELECT c.source, e.external_id, c.traits FROM entity_claims c JOIN entities e ON e.org_id = c.org_id"
        " AND e.id = c.entity_id"
    )
    edges = site.rows(
        "SELECT c.source, f.external_id, r.verb, t.external_id FROM relationship_claims c"
        " JOIN relationships r ON r.org_id = c.org_id AND r.id = c.relationship_id"
        " JOIN entities f ON f.org_id = r.org_id AND f.id = r.from_id"
        " JOIN entities t ON t.org_id = r.org_id AND t.id = r.to_id"
    )
    for connector, said in batches.items():
        mine = {key: json.loads(traits) for source, key, traits in claims if source == f"sync:{connector}"}
        assert mine == {one["entity_key"]: one["properties"] for one in said["entities"]}
        related = {tuple(rest) for source, *rest in edges if source == f"sync:{connector}"}
        assert related == {(one["from_key"], one["verb"], one["to_key"]) for one in said["relationships"]}
    assert len(claims) == sum(len(said["entities"]) for said in batches.values())
    assert len(edges) == sum(len(said["relationships"]) for said in batches.values())


def check_graph(site, batches):
    """What readers see is what the claims add up to: all of it, and nothing that is gone."""
    seen = dict(site.rows("SELECT external_id, traits FROM entities WHERE deleted_at IS NULL"))
    claimed = {}
    for connector, said in batches.items():
        for one in said["entities"]:
            claimed.setdefault(one["entity_key"], {})[connector] = one["properties"]
    assert seen.keys() == claimed.keys()
    for key, traits in seen.items():
        shown = json.loads(traits) if isinstance(traits, str) else traits
        assert shown.pop("seen") in {said["seen"] for said in claimed[key].values()}
        assert shown == {connector: said[connector] for connector, said in claimed[key].items()}
    dangling = site.rows(
        "SELECT r.id FROM relationships r JOIN entities e ON e.org_id = r.org_id AND e.id IN (r.from_id, r.to_id)"
        " WHERE e.deleted_at IS NOT NULL"
    )
    assert dangling == []
    overlapping = site.rows(
        "SELECT a.entity_id FROM entity_history a JOIN entity_history b ON b.org_id = a.org_id"
        " AND b.entity_id = a.entity_id AND b.since > a.since AND b.since < a.until"
    )
    assert overlapping == []
