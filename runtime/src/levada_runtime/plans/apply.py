"""Applying a plan: what an observed run would have done is done, where the state still is what it was decided against.

Whatever has moved since is refused by name; then nothing is written, unless the rest was asked for. Checkpoints stay
where they are. Events, and what pipelines make of them, follow as always, from what is active now.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from levada_runtime.access.audit import note
from levada_runtime.access.connections import Connections
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, RuntimeFailure, UsageFailure
from levada_runtime.foundation.ids import new_uuid
from levada_runtime.foundation.masking import Mask
from levada_runtime.graph.model import SyncCounts
from levada_runtime.graph.service import Graph
from levada_runtime.ingest.gates import Gate
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.service import Ingest
from levada_runtime.pipeline.running import Runner, Running
from levada_runtime.plans.border import Plan, PlannedDocument, read_plan
from levada_runtime.plans.claims import Asserted, assert_again, spell_place
from levada_runtime.plans.graph import GraphEffects
from levada_runtime.plans.records import Refused, completed, hand_in, without
from levada_runtime.plans.rehearsal import Rehearsal
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.model import ConnectionRow, LogLine, OrgRow, PlanRow, RunRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

MODE = "apply"
_NAMED = 5


class PlanMovedFailure(RuntimeFailure):
    """A plan cannot be applied as it is; `details["refused"]` lists what stands in its way."""

    default_code = "plan_moved"


@dataclass(frozen=True, slots=True)
class _Subject:
    """A plan, where it came from, and the run that is to carry it out."""

    org: OrgRow
    row: PlanRow
    connection: ConnectionRow
    observed: RunRow
    run_id: str

    def origin(self, *, observed: bool = False) -> Origin:
        """Return the provenance of what is applied, or of what was observed."""
        run = self.observed
        origin = Origin(
            org=self.org.name,
            org_id=self.org.id,
            connection=self.connection.name,
            connection_id=self.connection.id,
            connection_uid=self.connection.uid,
            connector=run.connector,
            connector_version=run.connector_version or "",
            stream=run.stream,
            run_id=run.id,
            attempt=run.attempt,
            mode=run.mode,
            scheduled_for=run.scheduled_for,
            receipt_id=run.receipt_id,
        )
        if observed:
            return origin
        return replace(origin, run_id=self.run_id, attempt=1, mode=MODE, scheduled_for=None)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What of a plan can be applied, over the state as of one page."""

    as_of: int
    documents: list[PlannedDocument]
    ingest: Ingest
    asserted: Asserted
    refused: list[Refused]

    @property
    def empty(self) -> bool:
        return not self.documents and not any(one.entities or one.relationships for one in self.asserted.changes)


class Plans:
    """Applies the plans of one organisation at a time."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        registry: Registry,
        graph: Graph,
        connections: Connections,
        gates: Sequence[Gate] = (),
    ) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._graph = graph
        self._connections = connections
        self._gates = gates
        self._running = Running()

    def apply(
        self, org: OrgRow, plan_id: str, body: dict[str, Any] | None = None, *, partial: bool = False
    ) -> dict[str, Any]:
        """Apply a stored plan, as it was stored or as `body` has it now, and say what came of it.

        Raises NotFoundFailure, PlanMovedFailure, and UsageFailure for what can never be applied.
        """
        with self._store.read() as uow:
            subject = _subject(uow, org, plan_id)
        if subject.row.applied_at is not None:
            return _done_before(subject.row)
        plan = read_plan(subject.row.body if body is None else body)
        _check(subject, plan)
        try:
            prepared = self._prepared(subject, plan, partial=partial)
        except PlanMovedFailure:
            row = self._row(subject)
            if row.applied_at is None:
                raise
            return _done_before(row)  # somebody else applied it meanwhile, which is what has moved
        differences = self._differences(subject, plan, prepared)
        return {**self._write(subject, plan, prepared, partial=partial), "deliveries": differences}

    def _prepared(self, subject: _Subject, plan: Plan, *, partial: bool) -> _Prepared:
        """Decide what can be applied.

        Raises PlanMovedFailure when that is not all of it, and all was asked for, or nothing.
        """
        with self._store.read() as uow:
            as_of = uow.documents.last_page(subject.origin().scope)
            documents = completed(uow, subject.origin().scope, plan.documents)
        ingest = self._new_ingest(subject)
        wrong = hand_in(ingest, documents)
        if wrong:
            ingest, documents = self._new_ingest(subject), without(documents, wrong)
            hand_in(ingest, documents)
        asserted = assert_again(self._graph, subject.org.id, plan.assertions, subject.run_id)
        prepared = _Prepared(as_of, documents, ingest, asserted, [*wrong.values(), *asserted.described()])
        if prepared.refused and (prepared.empty or not partial):
            raise _moved(plan, prepared.refused)
        return prepared

    def _write(self, subject: _Subject, plan: Plan, prepared: _Prepared, *, partial: bool) -> dict[str, Any]:
        scope = subject.origin().scope
        with self._store.write() as uow:
            uow.lock("documents", *scope)
            uow.lock("graph", scope[0])
            subject = replace(_subject(uow, subject.org, subject.row.id), run_id=subject.run_id)
            if subject.row.applied_at is not None:
                return _done_before(subject.row)
            if prepared.asserted.operations or uow.documents.last_page(scope) != prepared.as_of:
                prepared = self._prepared(subject, plan, partial=partial)
            run = self._carry_out(uow, subject, prepared)
        return {**_told(subject.row, run.id, run.finished_at), "counts": run.counts, "refused": prepared.refused}

    def _carry_out(self, uow: UnitOfWork, subject: _Subject, prepared: _Prepared) -> RunRow:
        now, org_id = self._clock.now(), subject.org.id
        counts = prepared.ingest.write(uow, now).merged_into({})
        graph, picture = SyncCounts(), self._graph.picture(org_id)
        for operation in prepared.asserted.operations:
            graph = graph.plus(self._graph.perform(uow, org_id, operation, picture=picture).counts)
        if any(asdict(graph).values()):
            counts["graph"] = asdict(graph)
        run = carried_out(
            subject.connection,
            subject.observed.stream,
            now,
            id=subject.run_id,
            mode=MODE,
            state="partial" if prepared.refused else "succeeded",
            connector_version=subject.observed.connector_version,
            counts=counts,
            pages=0 if prepared.empty else 1,
            plan_id=subject.row.id,
        )
        uow.runs.add(run)
        uow.runs.add_logs(run, [LogLine(now, "warning", f"refused: {spell(one)}", one) for one in prepared.refused])
        uow.plans.mark_applied(subject.row, now, run.id)
        note(uow, org_id, now, "plan.apply", subject.row.id, run=run.id, refused=len(prepared.refused))
        return run

    def _row(self, subject: _Subject) -> PlanRow:
        with self._store.read() as uow:
            return uow.plans.get(subject.org.id, subject.row.id) or subject.row

    def _new_ingest(self, subject: _Subject) -> Ingest:
        return Ingest(self._store, self._registry, subject.origin(), gates=self._gates)

    def _differences(self, subject: _Subject, plan: Plan, prepared: _Prepared) -> dict[str, Any]:
        """Return what is delivered now and was not planned, and what was planned and is not delivered now."""
        with self._store.read() as uow:
            runners = self._running.of(uow, subject.org.id)
        mask = Mask(self._connections.secrets(subject.connection).values()).unmistakable
        now = [mask.value(one) for one in self._delivered(subject, plan, prepared, runners)] if runners else []
        fresh, planned = Counter(map(_spelled, now)), Counter(map(_spelled, plan.deliveries))
        return {
            "added": [orjson.loads(one) for one in (fresh - planned).elements()],
            "missing": [orjson.loads(one) for one in (planned - fresh).elements()],
        }

    def _delivered(
        self, subject: _Subject, plan: Plan, prepared: _Prepared, runners: Sequence[Runner]
    ) -> list[dict[str, Any]]:
        """Rehearse with the pipelines of now, as if it were still then, so that only they make a difference."""
        origin = subject.origin(observed=True)
        ingest = Ingest(self._store, self._registry, origin, observing=True)
        hand_in(ingest, prepared.documents)
        assert ingest.effects is not None  # it observes
        rehearsal = Rehearsal(self._graph, prepared.asserted.picture, GraphEffects(), runners, plan.observed_at)
        rehearsal.play(origin, ingest.effects.recorded, prepared.asserted.changes)
        return rehearsal.deliveries


def carried_out(connection: ConnectionRow, stream: str, now: datetime, **values: Any) -> RunRow:
    """Return the run of what was carried out at once, by no worker."""
    return RunRow(
        org_id=connection.org_id,
        connection_id=connection.id,
        connector=connection.connector,
        stream=stream,
        observing=False,
        attempt=1,
        queued_at=now,
        started_at=now,
        finished_at=now,
        **values,
    )


def spell(refused: Refused) -> str:
    """Say what was refused, and why."""
    if "document_type" in refused:
        named = f"{refused['document_type']} {refused['idempotency_key']!r}"
    else:
        named = spell_place(refused)
    return f"{named} ({refused['message']})"


def _subject(uow: UnitOfWork, org: OrgRow, plan_id: str) -> _Subject:
    row = uow.plans.get(org.id, plan_id)
    if row is None:
        raise NotFoundFailure(f"there is no plan {plan_id!r}", hint="`runtime observe` makes one, and prints its id")
    connection, observed = uow.connections.get(org.id, row.connection_id), uow.runs.get(org.id, row.run_id)
    if connection is None or connection.state == REMOVED or observed is None:
        raise UsageFailure(f"the plan {plan_id} is of a connection that was removed", code="connection_removed")
    return _Subject(org, row, connection, observed, new_uuid())


def _check(subject: _Subject, plan: Plan) -> None:
    row, name = subject.row, subject.connection.name
    if plan.id != row.id:
        raise UsageFailure(f"this is the plan {plan.id}, not {row.id}", code="invalid_plan")
    if subject.observed.state == "failed":
        raise UsageFailure(
            f"the plan {row.id} is not whole: the run that it was made by failed",
            code="plan_incomplete",
            hint=f"`runtime runs show {subject.observed.id}` says why; observe the stream again",
        )
    own = f"connection:{name}/{subject.observed.stream}"
    for operation in plan.assertions.operations:
        if operation.source != own and not operation.source.startswith(f"{own}/"):
            raise UsageFailure(
                f"the plan asserts in the name of {operation.source!r}, and its run was {own!r}", code="invalid_plan"
            )


def _moved(plan: Plan, refused: list[Refused]) -> PlanMovedFailure:
    named = "; ".join(spell(one) for one in refused[:_NAMED])
    more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    code = "plan_moved" if any(one["reason"] == "moved" for one in refused) else "plan_refused"
    return PlanMovedFailure(
        f"the plan {plan.id} cannot be applied as it is, and nothing was written: {named}{more}",
        code=code,
        hint="observe the stream again for a new plan, or apply the rest with --partial",
        details={"refused": refused},
    )


def _told(row: PlanRow, run_id: str | None, at: datetime | None) -> dict[str, Any]:
    return {"plan": row.id, "applied": True, "run": run_id, "applied_at": at.isoformat() if at else None}


def _done_before(row: PlanRow) -> dict[str, Any]:
    told = _told(row, row.applied_run_id, row.applied_at)
    return {**told, "applied": False, "counts": {}, "refused": [], "deliveries": {"added": [], "missing": []}}


def _spelled(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
