"""Backfills as an operator handles them: begun, looked at, cancelled and taken up again."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from levada import Manifest, StreamManifest, Window
from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.ids import new_uuid
from levada_runtime.ingest.library import Listing, connection_id, listing
from levada_runtime.runs.backfill_views import COUNTED, SHOWN_AT_MOST, backfill_view
from levada_runtime.runs.cancelling import Cancellations
from levada_runtime.runs.course import DONE, HOLES, RECENT
from levada_runtime.runs.slices import Slices
from levada_runtime.runs.windows import MOST_SLICES, Cut, Span
from levada_runtime.store.backfills_model import BackfillRow, Progress
from levada_runtime.store.model import ConnectionRow, OrgRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

STATES = ("running", "succeeded", "partial", "failed", "cancelled")
MOST_PARALLEL = 64
_IN_HAND = "its backfill was cancelled before it began"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be backfilled, as an operator spelt it; what is None is the manifest's or the configuration's."""

    stream: str
    begins: str
    ends: str
    slice: str | None = None
    parallel: int | None = None


class Backfills:
    """Begins and ends the backfills of one organisation at a time."""

    def __init__(self, store: Store, clock: Clock, slices: Slices, cancellations: Cancellations, parallel: int) -> None:
        """Take the floors below; `parallel` slices are under way at once unless a backfill asks for another number."""
        self._store = store
        self._clock = clock
        self._slices = slices
        self._cancellations = cancellations
        self._parallel = parallel

    def begin(self, connection: ConnectionRow, manifest: Manifest, wanted: Wanted) -> tuple[BackfillRow, bool]:
        """Begin a backfill, or return the one that is under way if it is the same; tells whether it was begun now.

        Raises UsageFailure for what cannot be backfilled, and when the stream is being backfilled otherwise.
        """
        now = self._clock.now()
        fresh = self._row(connection, stream_of(manifest, connection, wanted.stream), wanted, now)
        with self._store.write() as uow:
            uow.lock("backfills", connection.org_id, connection.id)
            there = uow.backfills.under_way(connection.org_id, connection.id, wanted.stream)
            if there is not None:
                _check_same(there, fresh)
                return there, False
            uow.backfills.add(fresh)
            told = {"from": wanted.begins, "to": wanted.ends, "slice": fresh.slice}
            note(uow, fresh.org_id, now, "backfill.begin", fresh.id, stream=f"{connection.name}/{fresh.stream}", **told)
            return self._slices.advance(uow, fresh, now), True

    def window(self, connection: ConnectionRow, manifest: Manifest, wanted: Wanted) -> Window:
        """Return all of what is wanted as one window, to be observed.

        Raises UsageFailure for what cannot be backfilled.
        """
        stream = stream_of(manifest, connection, wanted.stream)
        row = self._row(connection, stream, wanted, self._clock.now())
        return Window(row.begins_at, row.ends_at)

    def cancel(self, org: OrgRow, backfill_id: str) -> dict[str, Any]:
        """Enter no more slices, end those that wait, and ask for the end of those that are under way.

        Raises NotFoundFailure, or UsageFailure when it has ended.
        """
        now = self._clock.now()
        with self._store.write() as uow:
            backfill = _found(uow, org, backfill_id)
            if backfill.state != "running":
                raise UsageFailure(f"the backfill {backfill_id} has ended: {backfill.state}", code="backfill_ended")
            uow.backfills.change(backfill, cancel_requested_at=now)
            note(uow, org.id, now, "backfill.cancel", backfill_id)
        # Slice by slice, since whoever ends one holds its work before the backfill.
        with self._store.read() as uow:
            slices = uow.backfills.slices(backfill)
        for one in slices:
            with self._store.write() as uow:
                run = uow.runs.get(org.id, one.id)
                if run is not None:
                    self._cancellations.cancel_in(uow, run, _IN_HAND)
        with self._store.write() as uow:
            self._slices.advance(uow, _found(uow, org, backfill_id), now)
        return self.get(org, backfill_id)

    def resume(self, org: OrgRow, backfill_id: str) -> dict[str, Any]:
        """Go on with a backfill that failed or was cancelled: with what is missing, each slice from its last page.

        Raises NotFoundFailure, or UsageFailure when there is nothing to go on with.
        """
        now = self._clock.now()
        with self._store.write() as uow:
            backfill = _found(uow, org, backfill_id)
            uow.lock("backfills", backfill.org_id, backfill.connection_id)
            if backfill.state not in HOLES:
                raise UsageFailure(
                    f"the backfill {backfill_id} is not to be resumed: it is {backfill.state}", code="not_resumable"
                )
            other = uow.backfills.under_way(backfill.org_id, backfill.connection_id, backfill.stream)
            if other is not None:
                raise _busy(other)
            taken_up = replace(backfill, state="running", begun_at=now, cancel_requested_at=None, finished_at=None)
            values: dict[str, Any] = {"cancel_requested_at": None, "begun_at": now, "finished_at": None}
            uow.backfills.change(backfill, state="running", **values)
            note(uow, org.id, now, "backfill.resume", backfill_id)
            self._slices.advance(uow, taken_up, now)
        return self.get(org, backfill_id)

    def get(self, org: OrgRow, backfill_id: str) -> dict[str, Any]:
        """Return a backfill with how far it has come.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            row = _found(uow, org, backfill_id)
            return self._views(uow, [row], uow.connections.names(org.id))[row.id]

    def page(
        self, org: OrgRow, *, connection: str | None, state: str | None, limit: int, cursor: str | None
    ) -> Listing:
        """Return backfills, newest first.

        Raises UsageFailure for a state that no backfill is in, NotFoundFailure for an unknown connection.
        """
        if state is not None and state not in STATES:
            hint = f"one of {', '.join(STATES)}"
            raise UsageFailure(f"no backfill is in the state {state!r}", code="unknown_state", hint=hint)
        with self._store.read() as uow:
            names = uow.connections.names(org.id)
            only = connection_id(uow, org, connection)
            rows = uow.backfills.page_of(org.id, connection_id=only, state=state, before=cursor, limit=limit + 1)
            views = self._views(uow, rows[:limit], names)
            return listing(rows, limit, lambda row: views[row.id], lambda row: row.id)

    def _views(self, uow: UnitOfWork, rows: Sequence[BackfillRow], names: dict[int, str]) -> dict[str, dict[str, Any]]:
        """Return backfills of one organisation as they are shown, by id; the store adds their slices up."""
        now, found = self._clock.now(), dict[str, dict[str, Any]]()
        known = uow.backfills.progress(rows[0].org_id, [row.id for row in rows], COUNTED) if rows else {}
        for row in rows:
            progress = known.get(row.id, Progress())
            unread = any(progress.states.get(state) for state in HOLES)
            holes = uow.backfills.standing(row, sorted(HOLES), SHOWN_AT_MOST) if unread else []
            recent = uow.backfills.latest(row, sorted(DONE), RECENT) if row.state == "running" else []
            found[row.id] = backfill_view(row, progress, recent, holes, names.get(row.connection_id), now)
        return found

    def _row(self, connection: ConnectionRow, stream: StreamManifest, wanted: Wanted, now: datetime) -> BackfillRow:
        begins, ends = read_date(wanted.begins, "from"), read_date(wanted.ends, "to")
        spelt = (stream.slice or "P7D") if wanted.slice is None else wanted.slice
        return BackfillRow(
            org_id=connection.org_id,
            connection_id=connection.id,
            id=new_uuid(),
            stream=stream.key,
            state="running",
            begins_at=begins,
            ends_at=ends,
            slice=spelt,
            slices=_counted(Cut(begins, ends, _span(spelt)), now),
            entered=0,
            parallel=_checked(self._parallel if wanted.parallel is None else wanted.parallel),
            created_at=now,
            begun_at=now,
        )


def today(clock: Clock) -> str:
    """Return the day that has begun in UTC, which is where the past ends unless somebody says otherwise."""
    return clock.now().astimezone(UTC).date().isoformat()


def stream_of(manifest: Manifest, connection: ConnectionRow, stream: str) -> StreamManifest:
    """Return a stream that can be backfilled.

    Raises UsageFailure naming those there are.
    """
    there = {one.key: one for one in manifest.streams if "backfill" in one.modes}
    if stream not in there:
        raise UsageFailure(
            f"the connection {connection.name!r} has no backfill stream {stream!r}",
            code="unknown_stream",
            hint=f"it has {', '.join(there) or 'none'}",
        )
    return there[stream]


def read_date(spelt: str, name: str) -> datetime:
    """Read a date, which is its midnight in UTC, or a moment with its offset.

    Raises UsageFailure naming what it is for.
    """
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(spelt)
        if moment.tzinfo is None and ":" not in spelt:
            moment = moment.replace(tzinfo=UTC)
        if moment.utcoffset() is not None:
            return moment.astimezone(UTC)
    raise UsageFailure(
        f"{name!r} is {spelt!r}: neither a date nor a moment with its offset",
        code="invalid_range",
        hint="such as 2026-01-01, which is midnight UTC, or 2026-01-01T06:00:00+01:00",
    )


def _span(spelt: str) -> Span:
    try:
        return Span.read(spelt)
    except ValueError as error:
        raise UsageFailure(f"the slice {error}", code="invalid_slice") from None


def _counted(cut: Cut, now: datetime) -> int:
    """Return the number of slices of a span that can be backfilled."""
    if cut.begins_at >= cut.ends_at:
        raise UsageFailure(
            "there is nothing between 'from' and 'to'",
            code="invalid_range",
            hint="'to' itself is not read: it is later",
        )
    if cut.ends_at > now + timedelta(days=1):
        raise UsageFailure(
            "'to' lies in the future: what is not there yet cannot be read", code="invalid_range", hint="take today"
        )
    count = cut.count()
    if count is None:
        message = f"it would be more than {MOST_SLICES} slices"
        raise UsageFailure(message, code="too_many_slices", hint="take a longer slice, or backfill a part of it")
    return count


def _checked(parallel: int) -> int:
    if not 1 <= parallel <= MOST_PARALLEL:
        raise UsageFailure(f"parallel is {parallel}: it is 1 to {MOST_PARALLEL}", code="invalid_parallel")
    return parallel


def _check_same(there: BackfillRow, fresh: BackfillRow) -> None:
    """Raise UsageFailure unless what is wanted is what is under way."""
    if any(getattr(there, name) != getattr(fresh, name) for name in ("begins_at", "ends_at", "slice")):
        raise _busy(there)


def _busy(there: BackfillRow) -> UsageFailure:
    dates = f"from {there.begins_at.isoformat()} to {there.ends_at.isoformat()}"
    return UsageFailure(
        f"the stream {there.stream!r} is being backfilled {dates}, in slices of {there.slice}",
        code="backfill_under_way",
        hint=f"let it end, or `runtime backfills cancel {there.id}`",
        details={"backfill": there.id},
    )


def _found(uow: UnitOfWork, org: OrgRow, backfill_id: str) -> BackfillRow:
    row = uow.backfills.get(org.id, backfill_id)
    if row is None:
        raise NotFoundFailure(f"there is no backfill {backfill_id!r}", hint="`runtime backfills list` shows them")
    return row
