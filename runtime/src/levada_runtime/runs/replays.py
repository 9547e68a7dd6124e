"""Refused records taken once more, after their contract or their connector was mended, in runs of their own.

Each stream's records are one run of mode `replay`. A part of them is taken in one transaction: what they make of
documents, what becomes of the records, and what the run counts. Nobody else writes documents of the connection
meanwhile, so that every answer holds.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from levada import Draft, Failure
from levada_runtime.access.audit import note
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.clock import Clock
from levada_runtime.ingest.gates import Gate
from levada_runtime.ingest.model import Counts, Origin, Rejected
from levada_runtime.ingest.quarantine import Meant, check_meant, check_not_replayed, found, matching
from levada_runtime.ingest.service import Ingest
from levada_runtime.runs.queue import new_run
from levada_runtime.runs.recorder import MAX_WARNINGS, refused_line
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.model import ConnectionRow, LogLine, OrgRow, QuarantineRow, RunRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

MODE = "replay"
_AT_ONCE = 200
_MOST_BYTES = 16 << 20
_REFUSED_AT_MOST = 100
_NEVER = datetime.min.replace(tzinfo=UTC)
_OVERTAKEN = "its document was written since: this would put older data back; discard it, or run the stream again"
Place = tuple[int, str]
"""A connection and a stream."""


@dataclass(slots=True)
class Replayed:
    """What became of the records that were replayed."""

    runs: dict[Place, RunRow] = field(default_factory=dict)
    replayed: int = 0
    still_refused: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    """The first of those that were refused once more, and why."""

    def refuse(self, row: QuarantineRow, reason: str, message: str) -> None:
        self.still_refused += 1
        if len(self.refused) < _REFUSED_AT_MOST:
            self.refused.append({"id": str(row.id), "reason": reason, "message": message})

    def add(self, part: "Replayed") -> None:
        self.runs |= part.runs
        self.replayed += part.replayed
        self.still_refused += part.still_refused
        self.refused = [*self.refused, *part.refused][:_REFUSED_AT_MOST]

    def view(self) -> dict[str, Any]:
        """Return it in the shape that scripts may rely on."""
        return {
            "replayed": self.replayed,
            "still_refused": self.still_refused,
            "runs": [run.id for run in self.runs.values()],
            "refused": self.refused,
        }


class Replays:
    """Replays the refused records of one organisation at a time."""

    def __init__(self, store: Store, clock: Clock, registry: Registry, gates: Sequence[Gate] = ()) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._gates = gates

    def replay(self, org: OrgRow, meant: Meant, limit: int | None = None) -> dict[str, Any]:
        """Take the records that are meant once more, oldest first, `limit` of them at most.

        One that is taken is `replayed`; one that is refused again stays as it was, with what is wrong with it now.
        Raises UsageFailure when it is not said which are meant, or one of them was replayed already, and
        NotFoundFailure for a record that there is not.
        """
        check_meant(meant, ("open", "discarded"))
        done, left = Replayed(), limit
        for ids in self._ids(org, meant):
            taken = ids if left is None else ids[:left]
            places: dict[Place, list[int]] = defaultdict(list)
            for record_id, connection_id, stream in taken:
                places[connection_id, stream].append(record_id)
            for place, records in places.items():
                self._replay_place(org, place, records, done)
            if left is not None:
                left -= len(taken)
                if left <= 0:
                    break
        return done.view()

    def _ids(self, org: OrgRow, meant: Meant) -> Iterable[list[tuple[int, int, str]]]:
        if not meant.ids:
            return matching(self._store, org, meant)
        with self._store.read() as uow:
            rows = found(uow, org, meant.ids)
        for row in rows:
            check_not_replayed(row)
        return [[(row.id, row.connection_id, row.stream) for row in rows]]

    def _replay_place(self, org: OrgRow, place: Place, records: Sequence[int], done: Replayed) -> None:
        at = 0
        while at < len(records):
            with self._store.write() as uow:
                uow.lock("documents", org.id, place[0])
                rows = _part(uow, org, records[at : at + _AT_ONCE])
                part = self._take_part(uow, org, place, rows.still, done.runs.get(place))
            at += rows.looked_at
            done.add(part)

    def _take_part(
        self, uow: UnitOfWork, org: OrgRow, place: Place, rows: Sequence[QuarantineRow], begun: RunRow | None
    ) -> Replayed:
        """Take a part of one stream's records in this unit of work, those that nothing stands against."""
        part = Replayed()
        connection = uow.connections.get(org.id, place[0])
        held_up = _why_not(connection)
        late = set() if held_up else _overtaken(uow, self._registry, rows)
        for row in rows:
            if held_up is not None:
                part.refuse(row, "connection", held_up)
            elif row.id in late:
                part.refuse(row, "overtaken", _OVERTAKEN)
        asked = [row for row in rows if row.id not in late]
        if connection is not None and held_up is None and asked:
            run = begun or self._entered(uow, connection, place[1])
            part.runs[place] = self._take(uow, _origin(org, connection, run), run, asked, part)
            told = {"run": run.id, "records": len(asked)}
            note(uow, org.id, self._clock.now(), "quarantine.replay", f"{connection.name}/{place[1]}", **told)
        return part

    def _take(
        self, uow: UnitOfWork, origin: Origin, run: RunRow, rows: Sequence[QuarantineRow], done: Replayed
    ) -> RunRow:
        ingest = Ingest(self._store, self._registry, origin, gates=self._gates)
        refused: list[Rejected] = []
        for call, (kind, asked) in enumerate(_by_type(rows).items()):
            drafts = [_draft(row) for row in asked]
            answer = ingest.emit(call, run.stream, kind, drafts, continue_on_error=True, last=True)
            assert answer is not None  # it was the call's last frame
            for rejected in answer.rejected:
                self._refuse(uow, asked[rejected.index], rejected, done)
            for accepted in answer.accepted:
                uow.quarantine.change(asked[accepted.place], state="replayed", replayed_run_id=run.id)
            done.replayed += len(answer.accepted)
            refused += answer.rejected
        return self._written(uow, ingest, run, refused)

    def _refuse(self, uow: UnitOfWork, row: QuarantineRow, rejected: Rejected, done: Replayed) -> None:
        done.refuse(row, rejected.reason, rejected.message)
        wrong = {
            "reason": rejected.reason,
            "message": rejected.message,
            "errors": [asdict(error) for error in rejected.errors],
        }
        uow.quarantine.change(row, **wrong, times=row.times + 1, last_seen_at=self._clock.now())

    def _entered(self, uow: UnitOfWork, connection: ConnectionRow, stream: str) -> RunRow:
        now = self._clock.now()
        waiting = new_run(connection, stream, now, observing=False, mode=MODE)
        run = replace(waiting, attempt=1, started_at=now, connector_version=_version(uow, connection))
        uow.runs.add(run)
        return run

    def _written(self, uow: UnitOfWork, ingest: Ingest, run: RunRow, refused: Sequence[Rejected]) -> RunRow:
        """Write the page and what the run came to so far, as if it ended here: it may."""
        now = self._clock.now()
        ingest.page.rejected.clear()  # they are in quarantine already, each in its own row
        counts = ingest.write(uow, now)
        again = Counts()
        again.refuse(refused)
        counted = again.merged_into(counts.merged_into(run.counts))
        taken = any(counted[name] for name in ("created", "updated", "unchanged"))
        values: dict[str, Any] = {
            "state": ("partial" if taken else "failed") if counted["failed"] else "succeeded",
            "reason": None if taken or not counted["failed"] else "still_refused",
            "counts": counted,
            "pages": run.pages + 1,
            "finished_at": now,
        }
        room = max(0, MAX_WARNINGS - int(run.counts.get("failed", 0)))
        uow.runs.change(run, **values)
        uow.runs.add_logs(run, [LogLine(now, "warning", *refused_line(one)) for one in refused[:room]])
        return replace(run, **values)


@dataclass(frozen=True, slots=True)
class _Part:
    """Records of which there are no more than one transaction should take."""

    still: list[QuarantineRow]
    looked_at: int


def _part(uow: UnitOfWork, org: OrgRow, ids: Sequence[int]) -> _Part:
    """Return records to replay; what was replayed meanwhile is left out."""
    still: list[QuarantineRow] = []
    size = 0
    for at, row in enumerate(uow.quarantine.of(org.id, ids)):
        size += len(row.payload or "")
        if still and size > _MOST_BYTES:
            return _Part(still, at)
        if row.state != "replayed":
            still.append(row)
    return _Part(still, len(ids))


def _why_not(connection: ConnectionRow | None) -> str | None:
    if connection is None or connection.state == REMOVED:
        return "its connection was removed"
    return "its connection only observes" if connection.mode == "observe" else None


def _by_type(rows: Sequence[QuarantineRow]) -> dict[str, list[QuarantineRow]]:
    found: dict[str, list[QuarantineRow]] = {}
    for row in rows:
        found.setdefault(row.document_type, []).append(row)
    return found


def _overtaken(uow: UnitOfWork, registry: Registry, rows: Sequence[QuarantineRow]) -> set[int]:
    """Return the records whose document was written after they were refused, and that tell no time at the source."""
    late: set[int] = set()
    for kind, of_kind in _by_type(rows).items():
        contract = registry.get(kind)
        field_name = contract.source_time_field if contract else None
        timeless = [row for row in of_kind if row.source_time is None and not _tells(row, field_name)]
        keys = [row.idempotency_key for row in timeless if row.idempotency_key]
        if keys:
            changed = uow.documents.changed_at((rows[0].org_id, rows[0].connection_id), kind, keys)
            late |= {row.id for row in timeless if changed.get(row.idempotency_key or "", _NEVER) > row.last_seen_at}
    return late


def _tells(row: QuarantineRow, field_name: str | None) -> bool:
    """Tell whether a record has its time at the source in this field; one that cannot be read has none."""
    if field_name is None or row.payload is None:
        return False
    try:
        payload = orjson.loads(row.payload)
    except orjson.JSONDecodeError:
        return False
    return isinstance(payload, dict) and payload.get(field_name) is not None


def _draft(row: QuarantineRow) -> Draft:
    """Return a record as it was handed over, its key and its id at the source as they were told then."""
    failure = None
    if row.payload is None:
        path = row.errors[0].get("path") if row.errors else None
        failure = Failure(row.reason, row.message, path)
    return Draft(
        payload=None if row.payload is None else row.payload.encode(),
        idempotency_key=row.idempotency_key,
        source_id=row.source_id,
        source_time=row.source_time,
        failure=failure,
        source_id_fixed=row.source_id_fixed,
    )


def _origin(org: OrgRow, connection: ConnectionRow, run: RunRow) -> Origin:
    return Origin(
        org=org.name,
        org_id=org.id,
        connection=connection.name,
        connection_id=connection.id,
        connection_uid=connection.uid,
        connector=connection.connector,
        connector_version=run.connector_version or "",
        stream=run.stream,
        run_id=run.id,
        attempt=run.attempt,
        mode=MODE,
        scheduled_for=None,
    )


def _version(uow: UnitOfWork, connection: ConnectionRow) -> str:
    installed = uow.connectors.get(connection.connector)
    return installed.version if installed else ""
