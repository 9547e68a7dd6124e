"""What an operator may set of a stream: when it runs, whether it rests, and what becomes of moments it cannot take."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from levada import Manifest
from levada._cron import check_cron
from levada_runtime.access.audit import note
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.store.model import ConnectionRow, StreamRow
from levada_runtime.store.unit_of_work import UnitOfWork

OVERLAP, MISSED = ("skip", "queue_one"), ("catch_up", "skip")
"""What may be chosen; the first is what it is without a choice."""
MANIFESTS = "the manifest's"


@dataclass(frozen=True, slots=True)
class StreamChange:
    """What is to be set of a stream; None stays as it is."""

    schedule: str | None = None
    """A cron expression; "" goes back to the manifest's."""
    overlap: str | None = None
    missed: str | None = None
    paused: bool | None = None

    def checked(self) -> "StreamChange":
        """Return the change.

        Raises UsageFailure when the schedule cannot be meant, or a policy is none.
        """
        if self.schedule:
            try:
                check_cron(self.schedule)
            except ValueError as error:
                told = f"the schedule {self.schedule!r} cannot be meant: {error}"
                raise UsageFailure(told, code="invalid_schedule") from None
        for name, given, known in (("overlap", self.overlap, OVERLAP), ("missed", self.missed, MISSED)):
            if given is not None and given not in known:
                told = f"there is no {name} policy {given!r}"
                raise UsageFailure(told, code="invalid_policy", hint=f"there is {' and '.join(known)}")
        return self

    @property
    def needs_polling(self) -> bool:
        """Whether it is about a schedule, which only polls have."""
        return (self.schedule, self.overlap, self.missed) != (None, None, None)


def change_streams(uow: UnitOfWork, row: ConnectionRow, changes: Mapping[str, StreamChange], now: datetime) -> None:
    """Set what is given of each of a connection's streams, in this unit of work.

    Raises UsageFailure when there is no such stream, or what is given cannot be meant.
    """
    streams = {one.stream: one for one in uow.streams.of(row.org_id, row.id)}
    for name, change in changes.items():
        stream = streams.get(name)
        if stream is None or (change.needs_polling and "poll" not in stream.modes):
            does = "polls no stream" if change.needs_polling else "has no stream"
            fitting = [one for one in streams.values() if not change.needs_polling or "poll" in one.modes]
            known = ", ".join(one.stream for one in fitting)
            hint = f"it has {known or 'none'}"
            raise UsageFailure(f"{row.name!r} {does} {name!r}", code="unknown_stream", hint=hint)
        values = _values(stream, change.checked(), now)
        if values:
            uow.streams.change(stream, values)
            note(uow, row.org_id, now, "stream.change", f"{row.name}/{name}", **_told(change))


def stream_rows(row: ConnectionRow, manifest: Manifest, before: list[StreamRow], now: datetime) -> list[StreamRow]:
    """Return the rows of a manifest's streams, in order of their keys; what an operator set of each stays."""
    kept = {stream.stream: stream for stream in before}
    found = []
    for stream in sorted(manifest.streams, key=lambda stream: stream.key):
        new = StreamRow(row.org_id, row.id, stream.key, [], None, None, "UTC", paused=False, schedule_changed_at=now)
        old = kept.get(stream.key, new)
        told = replace(
            old, modes=list(stream.modes), schedule=stream.schedule, timezone=stream.timezone, slice=stream.slice
        )
        changed = (told.cron, told.timezone) != (old.cron, old.timezone)
        found.append(replace(told, schedule_changed_at=now) if changed else told)
    return found


def _values(stream: StreamRow, change: StreamChange, now: datetime) -> dict[str, Any]:
    """Return the columns that change."""
    override = stream.override if change.schedule is None else change.schedule or None
    given = {"override": override, "overlap": change.overlap, "missed": change.missed, "paused": change.paused}
    wanted = {name: value for name, value in given.items() if value is not None or name == "override"}
    values: dict[str, Any] = {name: value for name, value in wanted.items() if value != getattr(stream, name)}
    if replace(stream, override=override).cron != stream.cron:
        values["schedule_changed_at"] = now
    return values


def _told(change: StreamChange) -> dict[str, Any]:
    schedule = change.schedule if change.schedule != "" else MANIFESTS
    return {"schedule": schedule, "overlap": change.overlap, "missed": change.missed, "paused": change.paused}
