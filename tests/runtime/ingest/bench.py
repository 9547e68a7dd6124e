"""What the tests of ingest share: an origin, and one run after another over a store."""

import json
from datetime import UTC, datetime

from levada import Draft
from levada_runtime.contracts.registry import Registry
from levada_runtime.ingest.library import Library
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.quarantine import Meant, QuarantineLibrary
from levada_runtime.ingest.service import Ingest
from levada_runtime.store.model import OrgRow

ORG = OrgRow(1, "default", datetime(2026, 1, 1, tzinfo=UTC))
ORIGIN = Origin(
    org="default",
    org_id=1,
    connection="acme",
    connection_id=2,
    connection_uid="uid",
    connector="acme",
    connector_version="1",
    stream="customers",
    run_id="run-1",
    attempt=1,
    mode="poll",
    scheduled_for=None,
)
SCHEME = "idempotency_scheme_changed"


class Bench:
    """One run after another over a store; a minute passes with each page."""

    def __init__(self, store, clock, gates=()):
        self.store, self.clock, self.gates = store, clock, gates
        self.library = Library(store)
        self.ingest = self.new_run()
        self._calls = 0

    def new_run(self, origin=ORIGIN, **how):
        return Ingest(self.store, Registry(), origin, gates=self.gates, **how)

    def emit(self, *drafts, ingest=None, stream="customers", kind="customer", whole=False, frames=None):
        """Hand drafts over in one call, in frames of so many; the outcomes by place, or the reasons."""
        self._calls += 1
        size = frames or len(drafts)
        parts = [drafts[at : at + size] for at in range(0, len(drafts), size)]
        for at, part in enumerate(parts, 1):
            answer = (ingest or self.ingest).emit(
                self._calls, stream, kind, part, continue_on_error=not whole, last=at == len(parts)
            )
        told = {one.place: str(one.outcome) for one in answer.accepted} if not answer.refused else {}
        told |= {one.index: str(one.reason) for one in answer.rejected}
        assert [one.place for one in answer.accepted] == sorted(one.place for one in answer.accepted)
        return [told.get(at) for at in range(len(drafts))]

    def commit(self, ingest=None):
        given = ingest or self.ingest
        self.clock.pass_time(minutes=1)
        with self.store.write() as uow:
            counts = given.write(uow, self.clock.now()).merged_into({})
        given.clear()
        return counts

    def sent(self, *drafts, **how):
        """Hand drafts over in one call and commit them."""
        told = self.emit(*drafts, **how)
        self.commit()
        return told

    def accept(self, stream="customers", kind="customer"):
        self.clock.pass_time(minutes=1)
        with self.store.write() as uow:
            uow.schemes.accept(ORIGIN.scope, stream, kind, self.clock.now())
        self.clock.pass_time(minutes=1)

    def documents(self):
        return {one["idempotency_key"]: one for one in self.library.documents(ORG, retired=True, limit=1000).items}

    def refused(self):
        return QuarantineLibrary(self.store).page(ORG, Meant(), limit=100).items

    def table_counts(self):
        with self.store.engine.connect() as connection:
            names = ("documents", "versions", "events", "quarantine")
            return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in names}


def draft(key, number=1, *, source_id=None, fixed=False, **fields):
    payload = {"customer_id": str(number), "name": f"Customer {number}", **fields}
    return Draft(
        payload=json.dumps(payload).encode(),
        idempotency_key=key,
        source_id=source_id,
        source_time=None,
        failure=None,
        source_id_fixed=fixed,
    )


def away(store, table, *, back=False):
    """Take a table out of the store, so that asking for it fails as asking a database that is not there does."""
    names = (f"{table}_away", table) if back else (table, f"{table}_away")
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {names[0]} RENAME TO {names[1]}")
