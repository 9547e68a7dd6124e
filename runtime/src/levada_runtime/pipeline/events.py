"""Events that users send: durable before they are answered for, and each of them once for a day."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.foundation.ids import row_ids, spell_event
from levada_runtime.store.model import EventRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.outbox import NO_CONNECTION, publish

SOURCE = "sdk.event"
MOST_EVENTS = 500
LONGEST_TEXT = 255
KEYS_LAST = timedelta(hours=24)
_FIELDS = ("type", "payload", "idempotencyKey", "timestamp")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Sent:
    """One event as it was sent, checked."""

    type: str
    payload: Any
    key: str | None
    timestamp: datetime | None


class Intake:
    """Takes what `POST /v1/ingest` brings."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def accept(self, org_id: int, events: Any) -> dict[str, Any]:
        """Keep events and return `{accepted, duplicates, ids}` once they are durable.

        Ids stand in the order of the events; an event whose key was used within a day is not kept again and has the
        first one's. Raises UsageFailure naming the event that is wrong; then none of them is kept.
        """
        sent = read_events(events)
        with self._store.write() as uow:
            now = self._clock.now()
            known = self._known(uow, org_id, sent, now)
            numbers, fresh = _number(sent, known)
            publish(uow, [_row(org_id, number, one, now) for number, one in fresh])
            uow.events.keep_keys(org_id, {one.key: number for number, one in fresh if one.key is not None}, now)
        return {
            "accepted": len(fresh),
            "duplicates": len(sent) - len(fresh),
            "ids": [spell_event(NO_CONNECTION, number) for number in numbers],
        }

    def _known(self, uow: UnitOfWork, org_id: int, sent: Sequence[_Sent], now: datetime) -> dict[str, int]:
        keys = sorted({one.key for one in sent if one.key is not None})
        if not keys:
            return {}
        uow.lock("event keys", org_id)
        return uow.events.sent_under(org_id, keys, now - KEYS_LAST)


def read_events(given: Any) -> list[_Sent]:
    """Check a request's events, all of them before any is kept.

    Raises UsageFailure with the index of the first that is wrong.
    """
    if not isinstance(given, list) or not given:
        raise _wrong("events", "must be a list with an event in it")
    if len(given) > MOST_EVENTS:
        raise _wrong("events", f"holds {len(given)} events; send at most {MOST_EVENTS} at a time")
    return [_read(index, one) for index, one in enumerate(given)]


def _read(index: int, given: Any) -> _Sent:
    place = f"events[{index}]"
    if not isinstance(given, dict):
        raise _wrong(place, "must be an object", index)
    for name in given:
        if name not in _FIELDS:
            raise _wrong(f"{place}.{name}", f"is not a field of an event; they are {', '.join(_FIELDS)}", index)
    if "payload" not in given:
        raise _wrong(f"{place}.payload", "is missing", index)
    path = _unstorable(given["payload"], f"{place}.payload")
    if path is not None:
        raise _wrong(path, "holds U+0000 or half a surrogate pair, which cannot be kept", index)
    type_ = _text(place, "type", given.get("type"), index)
    key = given.get("idempotencyKey")
    return _Sent(
        type=type_,
        payload=given["payload"],
        key=None if key is None else _text(place, "idempotencyKey", key, index),
        timestamp=_timestamp(place, given.get("timestamp"), index),
    )


def _text(place: str, name: str, value: Any, index: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
        raise _wrong(f"{place}.{name}", f"must be a string of 1 to {LONGEST_TEXT} characters", index)
    if _UNSTORABLE.search(value):
        raise _wrong(f"{place}.{name}", "holds U+0000 or half a surrogate pair, which cannot be kept", index)
    return value


def _timestamp(place: str, value: Any, index: int) -> datetime | None:
    if value is None:
        return None
    with suppress(TypeError, ValueError, OverflowError):  # each of them means what is said below
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    raise _wrong(f"{place}.timestamp", "must be an ISO 8601 time with its zone, as 2026-03-01T12:00:00Z", index)


def _unstorable(value: Any, path: str) -> str | None:
    """Return the path of a text that no database could keep, if there is one."""
    waiting = [(value, path)]
    while waiting:
        one, where = waiting.pop()
        if isinstance(one, str) and _UNSTORABLE.search(one):
            return where
        if isinstance(one, dict):
            waiting += [(name, where) for name in one]
            waiting += [(item, f"{where}.{name}") for name, item in one.items()]
        elif isinstance(one, list):
            waiting += [(item, f"{where}[{place}]") for place, item in enumerate(one)]
    return None


def _number(sent: Sequence[_Sent], known: dict[str, int]) -> tuple[list[int], list[tuple[int, _Sent]]]:
    """Give each event its id: its key's where that was used before, a fresh one otherwise."""
    fresh: dict[int, _Sent] = {}
    seen = set(known)
    for position, one in enumerate(sent):
        if one.key is None or one.key not in seen:
            fresh[position] = one
            if one.key is not None:
                seen.add(one.key)
    ids = dict(zip(fresh, row_ids(len(fresh)), strict=True))
    used = known | {one.key: ids[position] for position, one in fresh.items() if one.key is not None}
    numbers = [ids[position] if position in ids else used[str(one.key)] for position, one in enumerate(sent)]
    return numbers, [(ids[position], one) for position, one in fresh.items()]


def _row(org_id: int, number: int, one: _Sent, now: datetime) -> EventRow:
    return EventRow(
        org_id=org_id,
        connection_id=NO_CONNECTION,
        id=number,
        source=SOURCE,
        type=one.type,
        received_at=now,
        payload=one.payload,
        happened_at=one.timestamp,
    )


def _wrong(path: str, message: str, index: int | None = None) -> UsageFailure:
    details: dict[str, Any] = {"path": path}
    if index is not None:
        details["index"] = index
    return UsageFailure(f"{path} {message}", code="invalid_event", details=details)
