"""A workbench whose runs are scripted: the real ingest, graph, pages and observations, without a child in between."""

import json
import threading
from dataclasses import dataclass, field, replace

import orjson

from levada import Draft
from levada_runtime.access.connections import Connections
from levada_runtime.access.orgs import Orgs
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.crypto import load_keyring
from levada_runtime.foundation.ids import new_uuid, row_id
from levada_runtime.foundation.masking import Mask
from levada_runtime.graph.service import Graph
from levada_runtime.ingest.library import Library
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.service import Ingest
from levada_runtime.plans.apply import Plans
from levada_runtime.plans.revert import Reverts
from levada_runtime.plans.why import Why
from levada_runtime.runs.assertions import Assertions
from levada_runtime.runs.attempt import Attempt
from levada_runtime.runs.observations import Observations
from levada_runtime.runs.pager import Pager
from levada_runtime.runs.queue import new_run
from levada_runtime.runs.recorder import Recorder
from levada_runtime.runs.views import RunLibrary
from levada_runtime.sandbox.model import Outcome
from levada_runtime.sandbox.protocol import GraphFrame
from levada_runtime.store.model import ConnectionRow, OrgRow

SECRET = "a-secret-of-the-connection"


@dataclass(frozen=True)
class Say:
    """A record that a route hands over."""

    key: str
    name: str = "Ada"
    time: object = None
    more: dict = field(default_factory=dict)
    under: str | None = None

    def draft(self):
        payload = {"customer_id": self.key, "name": self.name, **self.more}
        return Draft(
            json.dumps(payload).encode(), self.under or f"k:{self.key}", None, self.time, None, source_id_fixed=False
        )


@dataclass(frozen=True)
class Gone:
    """The word that a record is gone."""

    key: str
    time: object = None


@dataclass(frozen=True)
class Assert:
    """A call of the graph."""

    op: str
    entities: tuple = ()
    relationships: tuple = ()
    scope: str | None = None

    def frame(self, call):
        entities = [orjson.dumps(one) for one in self.entities]
        relationships = [orjson.dumps(one) for one in self.relationships]
        return GraphFrame(
            call=call, last=True, op=self.op, scope=self.scope, entities=entities, relationships=relationships
        )


def host(key, **properties):
    return {"entity_type": "host", "entity_key": key, "properties": properties}


def runs_on(start, stop, **properties):
    return {
        "from_type": "host",
        "from_key": start,
        "verb": "RUNS",
        "to_type": "host",
        "to_key": stop,
        "properties": properties,
    }


def sync(*entities, relationships=(), scope=None):
    return Assert("sync", entities, tuple(relationships), scope)


def write(*entities, relationships=()):
    return Assert("write", entities, tuple(relationships))


@dataclass
class Tenant:
    """An organisation with one connection."""

    bench: "Bench"
    org: OrgRow
    connection: ConnectionRow

    def live(self, *steps, stream="customers"):
        """Carry a run out, page by page where a step is None, and return it."""
        return self.bench.end_live(self.attempt(steps, stream, observing=False))

    def observe(self, *steps, stream="customers", failing=None):
        """Observe a run, and return its plan."""
        attempt = self.attempt(steps, stream, observing=True)
        if failing:
            attempt.outcome = Outcome(reason=failing, message="no")
        run = self.bench.observations.end(attempt, None, {"finished_at": self.bench.clock.now()})
        return self.bench.runs.plan(self.org, run.plan_id)

    def apply(self, plan, body=None, *, partial=False):
        return self.bench.plans.apply(self.org, plan["id"] if isinstance(plan, dict) else plan, body, partial=partial)

    def revert(self, run):
        return self.bench.reverts.revert(self.org, run if isinstance(run, str) else run.id)

    def attempt(self, steps, stream, *, observing):
        return self.bench.attempt(self, steps, stream, observing=observing)

    def documents(self, **more):
        found = self.bench.library.documents(self.org, retired=True, limit=1000, **more).items
        return {one["idempotency_key"]: one for one in found}

    def names(self):
        """Return what is current, by key; None for what is gone."""
        return {
            key: None if one["retired_at"] else one["payload"]["name"] for key, one in sorted(self.documents().items())
        }

    def hosts(self):
        found, _ = self.bench.graph.list(self.org.id, limit=500)
        return {one.external_id: one.traits for one in sorted(found, key=lambda one: one.external_id)}

    def edges(self):
        found = {}
        for key in self.hosts():
            for one in self.bench.graph.relationships(self.org.id, "host", key):
                found[one.edge[0][1], one.edge[2][1]] = one.properties
        return found

    def rows(self, sql):
        with self.bench.store.engine.connect() as opened:
            return [tuple(row) for row in opened.exec_driver_sql(sql.format(org=self.org.id))]

    def state(self):
        """Return everything that readers and later runs could tell apart, without ids and times."""
        return {
            "documents": self.rows(
                "SELECT document_type, idempotency_key, stream, source_id, version, versions, payload_hash,"
                " source_time, retired_at IS NULL FROM documents WHERE org_id = {org} ORDER BY idempotency_key"
            ),
            "versions": self._versions(),
            "events": self.rows(
                "SELECT e.source, e.type, d.idempotency_key, e.version, e.previous FROM events e LEFT JOIN documents d"
                " ON d.org_id = e.org_id AND d.id = e.document_id WHERE e.org_id = {org}"
                " AND e.source LIKE 'document.%%' ORDER BY e.id"
            ),
            "told": sorted(
                self.rows("SELECT source, subject FROM events WHERE org_id = {org} AND source LIKE 'ent%%'")
            ),
            "entities": self.rows(
                "SELECT kind, external_id, class, display_name, CAST(traits AS text), deleted_at IS NULL FROM entities"
                " WHERE org_id = {org} ORDER BY kind, external_id"
            ),
            "relationships": sorted(self.edges().items()),
            "claims": self.rows(
                "SELECT c.source, e.external_id, c.class, c.display_name, c.traits FROM entity_claims c JOIN entities e"
                " ON e.org_id = c.org_id AND e.id = c.entity_id WHERE c.org_id = {org} ORDER BY c.source, e.external_id"
            ),
        }

    def _versions(self):
        found = self.rows(
            "SELECT d.idempotency_key, v.version, v.payload, v.superseded, v.source_id, v.source_time FROM versions v"
            " JOIN documents d ON d.org_id = v.org_id AND d.id = v.document_id WHERE v.org_id = {org}"
            " ORDER BY d.idempotency_key, v.version"
        )
        uid = self.connection.uid
        return [(key, version, payload.replace(uid, "uid"), *rest) for key, version, payload, *rest in found]


class Bench:
    """Everything over one store."""

    def __init__(self, store, clock, folder):
        self.store, self.clock = store, clock
        self.registry = Registry()
        self.graph = Graph(store, clock)
        self.library = Library(store)
        self.runs = RunLibrary(store)
        self.observations = Observations(store, clock)
        self.connections = Connections(store, clock, load_keyring(None, folder))
        self.plans = Plans(store, clock, self.registry, self.graph, self.connections)
        self.reverts = Reverts(store, clock, self.graph)
        self.why = Why(store)

    def tenant(self, name="default", uid=None, connection="acme"):
        org = Orgs(self.store, self.clock).create(name) if name != "default" else None
        org = org or Orgs(self.store, self.clock).ensure_default()
        now = self.clock.now()
        row = ConnectionRow(
            org.id, row_id(), uid or new_uuid(), connection, "acme", {}, "live", "active", None, now, now
        )
        with self.store.write() as uow:
            uow.connections.add(row)
            self.connections._keep_secrets(uow, row, {"api_key": SECRET})
        return Tenant(self, org, row)

    def attempt(self, tenant, steps, stream, *, observing):
        self.clock.pass_time(seconds=1)
        run = new_run(tenant.connection, stream, self.clock.now(), observing=observing)
        run = replace(run, state="running", attempt=1, started_at=self.clock.now(), connector_version="1.0")
        if not observing:
            with self.store.write() as uow:
                uow.runs.add(run)
        ingest = Ingest(self.store, self.registry, _origin(tenant, run), observing=observing)
        assertions = Assertions(self.graph, run, tenant.connection.name)
        recorder = Recorder(self.clock, Mask([SECRET]))
        pager = Pager(
            self.store, self.clock, run, None, ingest, assertions, recorder, threading.Event(), lambda _run: None
        )
        for number, step in enumerate(steps):
            self._take(step, number, stream, ingest, assertions, pager)
        return Attempt(Outcome(reason=None), pager, ingest, assertions, recorder)

    def _take(self, step, number, stream, ingest, assertions, pager):
        match step:
            case None:
                pager.save("", {"at": number})
            case Gone():
                micros = None if step.time is None else int(step.time.timestamp() * 1_000_000)
                ingest.retire(stream, "customer", f"k:{step.key}", micros)
            case Assert():
                assertions.take(step.frame(number))
            case _:
                drafts = [one.draft() for one in (step if isinstance(step, list) else [step])]
                ingest.emit(number, stream, "customer", drafts, continue_on_error=True, last=True)

    def end_live(self, attempt):
        with self.store.write() as uow:
            return attempt.pager.finish(uow, state="succeeded", finished_at=self.clock.now())


def _origin(tenant, run):
    connection = tenant.connection
    return Origin(
        org=tenant.org.name,
        org_id=tenant.org.id,
        connection=connection.name,
        connection_id=connection.id,
        connection_uid=connection.uid,
        connector=connection.connector,
        connector_version="1.0",
        stream=run.stream,
        run_id=run.id,
        attempt=run.attempt,
        mode=run.mode,
        scheduled_for=None,
    )
