"""Undoing a run, record by record, in one transaction: whatever nobody has changed since goes back to where it was.

What somebody else has changed since is listed and left alone. So are the deliveries that were made of the run's events,
since what is sent cannot be unsent.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.ids import new_uuid, spell_document
from levada_runtime.graph.model import SyncCounts
from levada_runtime.graph.picture import Picture
from levada_runtime.graph.service import Graph
from levada_runtime.graph.undo import Undone, read_undo
from levada_runtime.ingest.commit import write_page
from levada_runtime.ingest.model import Counts, Origin
from levada_runtime.ingest.page import Page
from levada_runtime.pipeline.views import delivery_view
from levada_runtime.plans.apply import carried_out, spell
from levada_runtime.plans.graph import Place
from levada_runtime.plans.graph import spell as spell_place
from levada_runtime.plans.undoing import Touched, stands_as_left, touched, undo
from levada_runtime.store.history import Standing, Turn
from levada_runtime.store.model import ConnectionRow, EventRow, LogLine, OrgRow, PageRow, RunRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.outbox import NO_CONNECTION

MODE = "revert"
_ENDED = ("succeeded", "partial", "failed", "cancelled")
_AT_ONCE = 2_000


@dataclass(slots=True)
class _Report:
    """What came of it."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=list)
    relationships: list[dict[str, Any]] = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    graph: SyncCounts = field(default_factory=SyncCounts)

    @property
    def did_anything(self) -> bool:
        return bool(self.documents or self.entities or self.relationships)

    def counted(self) -> dict[str, Any]:
        graph = asdict(self.graph)
        return self.counts.merged_into({}) | ({"graph": graph} if any(graph.values()) else {})


@dataclass(frozen=True, slots=True)
class _Subject:
    """The run that is undone, and the one that undoes it."""

    org: OrgRow
    connection: ConnectionRow
    run: RunRow
    run_id: str

    @property
    def scope(self) -> tuple[int, int]:
        return self.run.org_id, self.run.connection_id

    def origin(self) -> Origin:
        return Origin(
            org=self.org.name,
            org_id=self.org.id,
            connection=self.connection.name,
            connection_id=self.connection.id,
            connection_uid=self.connection.uid,
            connector=self.run.connector,
            connector_version=self.run.connector_version or "",
            stream=self.run.stream,
            run_id=self.run_id,
            attempt=1,
            mode=MODE,
            scheduled_for=None,
        )


class Reverts:
    """Undoes the runs of one organisation at a time."""

    def __init__(self, store: Store, clock: Clock, graph: Graph) -> None:
        self._store = store
        self._clock = clock
        self._graph = graph

    def revert(self, org: OrgRow, run_id: str) -> dict[str, Any]:
        """Undo what a run did, and say what was left alone; the second time there is nothing to undo.

        Raises NotFoundFailure, and UsageFailure for a run that is under way, only observed, or so old that its events
        are gone.
        """
        with self._store.write() as uow:
            subject = _subject(uow, org, run_id)
            uow.lock("documents", *subject.scope)
            uow.lock("graph", org.id)
            report = _Report()
            events = uow.history.events_of_run(subject.scope, run_id)
            if uow.history.forgotten(subject.scope, run_id, events):
                raise _too_old(run_id)
            self._documents(uow, subject, events, report)
            told_by = self._claims(uow, subject, report)
            sent = [
                *uow.deliveries.of_events(*subject.scope, [event.id for event in events]),
                *uow.deliveries.of_events(org.id, NO_CONNECTION, told_by),
            ]
            run = self._enter(uow, subject, report) if report.did_anything else None
            told = {"run": run.id if run else None, "left": len(report.left)}
            note(uow, org.id, self._clock.now(), "run.revert", run_id, **told)
        return {
            "run": run_id,
            "reverted_by": run.id if run else None,
            "documents": report.documents,
            "entities": report.entities,
            "relationships": report.relationships,
            "left": report.left,
            "deliveries": [delivery_view(row) for row in sent],
            "counts": report.counted(),
        }

    def _documents(self, uow: UnitOfWork, subject: _Subject, events: Sequence[EventRow], report: _Report) -> None:
        turns = uow.history.turns(subject.scope, {one.document_id for one in events if one.document_id is not None})
        everything = touched(events, turns)
        for start in range(0, len(everything), _AT_ONCE):
            self._page(uow, subject, everything[start : start + _AT_ONCE], turns, report)

    def _page(
        self,
        uow: UnitOfWork,
        subject: _Subject,
        some: Sequence[Touched],
        turns: dict[int, list[Turn]],
        report: _Report,
    ) -> None:
        scope, page = subject.scope, Page()
        standing = uow.history.standing(scope, [one.document_id for one in some])
        found = uow.history.versions(scope, [(one.document_id, one.before.version) for one in some if one.before])
        for one in some:
            now = standing[one.document_id]
            named = _named(subject.connection, now)
            if not stands_as_left(one, now.known):
                by = _last_page(uow, scope, now, turns.get(one.document_id, []))
                report.left.append(_changed({**named, "version": now.known.version}, by))
                continue
            did, decided = undo(one, now, found.get((one.document_id, one.before.version)) if one.before else None)
            page.add(decided)
            if decided:
                last = decided[-1].decision.known
                report.documents.append({**named, "did": did, "version": last.version if last else None})
        if page.staged:
            last_page, projected = uow.documents.last_page(scope), self._graph.contracts.projected
            at = self._clock.now()
            counts = write_page(uow, subject.origin(), page, at, last_page, projected=projected)
            for document_type, counted in counts.by_type.items():
                for outcome, count in counted.items():
                    report.counts.add(document_type, outcome, count)

    def _claims(self, uow: UnitOfWork, subject: _Subject, report: _Report) -> list[int]:
        """Put claims back, and return the events that told of what the run did to them.

        What comes back comes first, then what leads to it, and what goes goes last.
        """
        undone, events = read_undo(uow.graph.undo_of(subject.org.id, subject.run.id))
        picture = self._graph.picture(subject.org.id)
        free = {source: self._free(uow, picture, subject, source, one, report) for source, one in undone.items()}
        for chosen in (_coming, _leading, _going):
            for source, one in undone.items():
                self._put_back(uow, picture, subject, one, source, chosen(one, free[source]), report)
        return events

    def _free(
        self,
        uow: UnitOfWork,
        picture: Picture,
        subject: _Subject,
        source: str,
        one: Undone,
        report: _Report,
    ) -> set[Place]:
        """Return what nobody has changed since, of what there is to put back."""
        everything: list[Place] = [*one.entities, *one.relationships]
        picture.prepare(uow, one.restore(source, everything, subject.run_id))
        free: set[Place] = set()
        for place in everything:
            claim = _claims_on(picture, place).get(source)
            left = claim is not None and claim.run_id == subject.run.id if place in one.left else claim is None
            if not left:
                by = None if claim is None or claim.run_id is None else uow.runs.get(subject.org.id, claim.run_id)
                report.left.append(_changed(spell_place(place), by))
            elif claim is not None or one.earlier(place) is not None:
                free.add(place)
        return free

    def _put_back(
        self,
        uow: UnitOfWork,
        picture: Picture,
        subject: _Subject,
        one: Undone,
        source: str,
        places: set[Place],
        report: _Report,
    ) -> None:
        if not places:
            return
        changes = self._graph.perform(uow, subject.org.id, one.restore(source, places, subject.run_id), picture=picture)
        report.graph = report.graph.plus(changes.counts)
        report.entities += [
            {**spell_place(change.state.key), "did": _did(change.claims.claim)} for change in changes.entities
        ]
        report.relationships += [
            {**spell_place(change.edge), "did": _did(change.claims.claim)} for change in changes.relationships
        ]

    def _enter(self, uow: UnitOfWork, subject: _Subject, report: _Report) -> RunRow:
        now = self._clock.now()
        run = carried_out(
            subject.connection,
            subject.run.stream,
            now,
            id=subject.run_id,
            mode=MODE,
            state="partial" if report.left else "succeeded",
            connector_version=subject.run.connector_version,
            counts=report.counted(),
            pages=1,
            reverts=subject.run.id,
        )
        uow.runs.add(run)
        uow.runs.add_logs(run, [LogLine(now, "warning", f"left alone: {spell(one)}", one) for one in report.left])
        return run


def _too_old(run_id: str) -> UsageFailure:
    return UsageFailure(
        f"the run {run_id} cannot be undone any more: the events that told what it changed were pruned",
        code="run_too_old",
        hint="`retention.events_days` says how long they are kept",
    )


def _subject(uow: UnitOfWork, org: OrgRow, run_id: str) -> _Subject:
    run = uow.runs.get(org.id, run_id)
    connection = uow.connections.get(org.id, run.connection_id) if run else None
    if run is None or connection is None:
        raise NotFoundFailure(f"there is no run {run_id!r}", hint="`runtime runs list` shows them")
    if run.observing:
        raise UsageFailure(f"the run {run_id} only observed: there is nothing to undo", code="run_observed")
    if run.state not in _ENDED:
        raise UsageFailure(
            f"the run {run_id} is {run.state}: only one that has ended can be undone",
            code="run_unfinished",
            hint="wait until it has ended, or cancel it: `runtime runs cancel`",
        )
    return _Subject(org, connection, run, new_uuid())


def _coming(one: Undone, free: set[Place]) -> set[Place]:
    return {place for place in one.entities if place in free and one.entities[place] is not None}


def _leading(one: Undone, free: set[Place]) -> set[Place]:
    return {place for place in one.relationships if place in free}


def _going(one: Undone, free: set[Place]) -> set[Place]:
    return {place for place in one.entities if place in free and one.entities[place] is None}


def _claims_on(picture: Picture, place: Place) -> Any:
    if len(place) == 2:
        return picture.entities[place].claims
    return picture.relationships[picture.triple(place)].claims


def _last_page(uow: UnitOfWork, scope: tuple[int, int], now: Standing, turns: Sequence[Turn]) -> PageRow | None:
    """Return the page that made a document what it is."""
    known = now.known
    here = [turn for turn in turns if turn.version == known.version]
    if here:
        return uow.history.page(scope, here[-1].page_id)
    return uow.history.page_of(scope, known.document_id, known.version)


def _changed(named: dict[str, Any], by: PageRow | RunRow | None) -> dict[str, Any]:
    run = None if by is None else by.run_id if isinstance(by, PageRow) else by.id
    who = "somebody else" if by is None else f"the {by.mode} run {run}"
    told = None if by is None else {"run": run, "mode": by.mode}
    return {**named, "reason": "changed_since", "message": f"{who} has changed it since", "by": told}


def _named(connection: ConnectionRow, now: Standing) -> dict[str, Any]:
    return {
        "document": spell_document(connection.id, now.document_id),
        "document_type": now.document_type,
        "idempotency_key": now.idempotency_key,
    }


def _did(claim: Any) -> str:
    return "retracted" if claim is None else "restored"
