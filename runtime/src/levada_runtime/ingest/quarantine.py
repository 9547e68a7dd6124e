"""Refused records as an operator meets them: listed by what they have in common, shown, and discarded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock, SystemClock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.ingest.library import Listing, connection_id, listing, read_cursor
from levada_runtime.ingest.reasons import Reason
from levada_runtime.ingest.views import quarantine_view
from levada_runtime.store.model import OrgRow, QuarantineRow
from levada_runtime.store.quarantine import Wanted
from levada_runtime.store.unit_of_work import Store, UnitOfWork

STATES = ("open", "discarded", "replayed")
ALL = "all"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Meant:
    """Which records an operator means: these, or all that have something in common."""

    ids: Sequence[str] = ()
    connection: str | None = None
    stream: str | None = None
    document_type: str | None = None
    reason: str | None = None
    state: str | None = None
    """Only those in this state; None leaves it to the command."""
    everything: bool = False

    @property
    def filters(self) -> bool:
        """Whether something is said that records have in common."""
        given = (self.connection, self.stream, self.document_type, self.reason, self.state)
        return any(one is not None for one in given)


class QuarantineLibrary:
    """Reads and discards the refused records of one organisation at a time."""

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()

    def page(self, org: OrgRow, meant: Meant, *, limit: int, cursor: str | None = None) -> Listing:
        """Return refused records, newest first; open ones unless another state is asked for.

        Raises UsageFailure for a state or a reason that there is not, NotFoundFailure for an unknown connection.
        """
        with self._store.read() as uow:
            names = uow.connections.names(org.id)
            wanted = read_wanted(uow, org, meant)
            rows = uow.quarantine.page_of(org.id, wanted, before=read_cursor(cursor), limit=limit + 1)
        return listing(rows, limit, lambda row: quarantine_view(row, names), lambda row: str(row.id))

    def by_reason(self, org: OrgRow, meant: Meant) -> dict[str, int]:
        """Return how many records were refused for which reason."""
        with self._store.read() as uow:
            return uow.quarantine.by_reason(org.id, read_wanted(uow, org, meant))

    def get(self, org: OrgRow, record_id: str) -> dict[str, Any]:
        """Return one refused record.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            (row,) = found(uow, org, [record_id])
            return quarantine_view(row, uow.connections.names(org.id))

    def discard(self, org: OrgRow, record_id: str) -> dict[str, Any]:
        """Say of a refused record that nothing is to be done about it; it stays readable.

        Raises NotFoundFailure, and UsageFailure for one that was replayed.
        """
        with self._store.write() as uow:
            (row,) = found(uow, org, [record_id])
            check_not_replayed(row)
            uow.quarantine.discard(org.id, [row.id])
            self._note(uow, org, 1, ids=[record_id])
        return self.get(org, record_id)

    def discard_many(self, org: OrgRow, meant: Meant) -> int:
        """Say so of all the open records that are meant; return of how many.

        Raises UsageFailure when it is not said which, NotFoundFailure for a record that there is not.
        """
        check_meant(meant, ("open",))
        if meant.ids:
            with self._store.write() as uow:
                rows = found(uow, org, meant.ids)
                for row in rows:
                    check_not_replayed(row)
                count = uow.quarantine.discard(org.id, [row.id for row in rows])
                self._note(uow, org, count, ids=list(meant.ids))
            return count
        count = 0
        for ids in matching(self._store, org, meant):
            with self._store.write() as uow:
                discarded = uow.quarantine.discard(org.id, [record_id for record_id, _, _ in ids])
                self._note(uow, org, discarded, stream=meant.stream, type=meant.document_type, reason=meant.reason)
            count += discarded
        return count

    def _note(self, uow: UnitOfWork, org: OrgRow, count: int, **meant: Any) -> None:
        note(uow, org.id, self._clock.now(), "quarantine.discard", f"{count} records", **meant)


def matching(store: Store, org: OrgRow, meant: Meant) -> Iterator[list[tuple[int, int, str]]]:
    """Return the ids of the records that are meant, oldest first, some at a time, with connection and stream each."""
    after = 0
    while True:
        with store.read() as uow:
            ids = uow.quarantine.matching(org.id, read_wanted(uow, org, meant), after=after, limit=_AT_ONCE)
        if not ids:
            return
        yield ids
        after = ids[-1][0]


def read_wanted(uow: UnitOfWork, org: OrgRow, meant: Meant) -> Wanted:
    """Return which records are meant, as the store knows them; open ones unless a state is given.

    Raises UsageFailure for a state or a reason that there is not, NotFoundFailure for an unknown connection.
    """
    state = meant.state or "open"
    if state not in (*STATES, ALL):
        hint = f"one of {', '.join(STATES)}, or {ALL}"
        raise UsageFailure(f"no refused record is in the state {state!r}", code="unknown_state", hint=hint)
    reasons = [str(one) for one in Reason]
    if meant.reason is not None and meant.reason not in reasons:
        hint = f"one of {', '.join(reasons)}"
        raise UsageFailure(f"nothing is refused for {meant.reason!r}", code="unknown_reason", hint=hint)
    return Wanted(
        connection_id=connection_id(uow, org, meant.connection),
        stream=meant.stream,
        document_type=meant.document_type,
        reason=meant.reason,
        state=None if state == ALL else state,
    )


def check_meant(meant: Meant, states: Sequence[str]) -> None:
    """Raise UsageFailure unless records are named, or it is said which are meant, in one of these states."""
    if bool(meant.ids) == (meant.filters or meant.everything):
        raise UsageFailure(
            "say which refused records are meant: some by their ids, or many by what they have in common",
            code="nothing_meant",
            hint="for instance --connection NAME --reason validation_failed, or --all",
        )
    if meant.state not in (None, *states):
        raise UsageFailure(
            f"that is not done to records that are {meant.state}", code="record_state", hint=f"only {', '.join(states)}"
        )


def check_not_replayed(row: QuarantineRow) -> None:
    """Raise UsageFailure for a record that was taken after all."""
    if row.state == "replayed":
        raise UsageFailure(f"the record {row.id} was replayed by the run {row.replayed_run_id}", code="record_replayed")


def found(uow: UnitOfWork, org: OrgRow, ids: Sequence[str]) -> list[QuarantineRow]:
    """Return the records of these ids, oldest first.

    Raises NotFoundFailure naming one that there is not.
    """
    numbers = {text: _number(text) for text in ids}
    rows = uow.quarantine.of(org.id, sorted(set(numbers.values())))
    there = {row.id for row in rows}
    for text, number in numbers.items():
        if number not in there:
            raise NotFoundFailure(f"there is no quarantined record {text!r}", hint="`runtime quarantine list` has them")
    return rows


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
