"""Entering many scheduled moments in one unit of work: what is asked is asked for all of them together."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from levada_runtime.catalog.standing import stands
from levada_runtime.catalog.trust import READY
from levada_runtime.runs.ticks import Due, Line, outage, passed_over, taken, why_not
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.model import ConnectionRow, RunRow, StreamRow, TickRow
from levada_runtime.store.ticks import Moment
from levada_runtime.store.unit_of_work import UnitOfWork

KeyOf = Callable[[str], str]
NewRun = Callable[[ConnectionRow, StreamRow, datetime], RunRow]


class Ticking:
    """Decides on moments by what is so at one instant; whoever else decides on some waits for its end."""

    def __init__(self, uow: UnitOfWork, due: Sequence[Due], now: datetime, key_of: KeyOf, new_run: NewRun) -> None:
        """Look up all that the decisions need; `key_of` tells under which key a stream's work stands in line."""
        self._uow = uow
        self._now = now
        self._key_of = key_of
        self._new_run = new_run
        uow.lock("ticks")
        scopes = sorted({(one.stream.org_id, one.stream.connection_id) for one in due})
        self._connections = {(row.org_id, row.id): row for row in uow.connections.several(scopes)}
        rows = uow.streams.several(sorted({_name(one.stream) for one in due}))
        self._streams = {_name(row): row for row in rows}
        self._lines = Counter(uow.work.in_line([self._line_of(row) for row in rows]))
        self._standing: dict[str, str] = {}
        self._ticks: dict[Moment, TickRow] = {}
        self._due = due

    def runs(self) -> list[RunRow]:
        """Return the runs that the moments make, and enter what became of each of them in the ledger."""
        runs = {}
        for one in self._due:
            run = self._taken(one)
            if run is not None:
                runs[(*_name(one.stream), one.at)] = run
        entered = self._uow.ticks.add_all(list(self._ticks.values()))
        return [run for moment, run in runs.items() if moment in entered]

    def _taken(self, due: Due) -> RunRow | None:
        """Decide on one moment; None when it makes no run."""
        connection = self._connections.get((due.stream.org_id, due.stream.connection_id))
        stream = self._streams.get(_name(due.stream))
        if connection is None or connection.state == REMOVED or stream is None:
            return None
        due = replace(due, stream=stream)
        given_up = passed_over(due, self._now)
        if given_up is not None:
            self._tell(outage(stream, given_up, self._now))
            if given_up.last == due.at:
                return None
        reason = why_not(stream, self._state(connection), self._line(stream))
        run = self._new_run(connection, stream, due.at)
        first = self._tell(taken(due, self._now, reason=reason, run_id=None if reason else run.id))
        if not first or reason:
            return None
        self._lines[(*self._line_of(stream), "queued")] += 1
        return run

    def _tell(self, tick: TickRow) -> bool:
        """Keep a row for the ledger; False when one of that moment is kept already."""
        moment = (tick.org_id, tick.connection_id, tick.stream, tick.scheduled_for)
        return self._ticks.setdefault(moment, tick) is tick

    def _state(self, connection: ConnectionRow) -> str:
        """Return `active`, or the state of the connection or of its connector that keeps it from running."""
        if connection.state != "active":
            return connection.state
        if connection.connector not in self._standing:
            self._standing[connection.connector] = stands(self._uow, connection.connector)
        standing = self._standing[connection.connector]
        return "active" if standing == READY else standing

    def _line(self, stream: StreamRow) -> Line:
        line = self._line_of(stream)
        return Line(running=self._lines[(*line, "running")], waiting=self._lines[(*line, "queued")])

    def _line_of(self, stream: StreamRow) -> tuple[int, int, str]:
        return stream.org_id, stream.connection_id, self._key_of(stream.stream)


def _name(stream: StreamRow) -> tuple[int, int, str]:
    return stream.org_id, stream.connection_id, stream.stream
