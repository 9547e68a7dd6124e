"""A connection with streams, laid into a store."""

from datetime import UTC, datetime

import pytest

from levada_runtime.store.model import ConnectionRow, StreamRow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_stream(name="customers", schedule="*/15 * * * *", **more):
    row = {"override": None, "timezone": "UTC", "paused": False, **more}
    return StreamRow(1, 2, name, ["poll"], schedule, **row)


def make_connection(**more):
    row = {"settings": {}, "mode": "live", "state": "active", "state_reason": None, **more}
    return ConnectionRow(1, 2, "uid", "acme", "acme", created_at=NOON, updated_at=NOON, **row)


@pytest.fixture
def stream():
    """Returns what makes the row of a stream."""
    return make_stream


@pytest.fixture
def lay(store):
    """Returns what lays a connection with streams into the store."""

    def lay(*streams, **more):
        with store.write() as uow:
            if uow.connections.get(1, 2) is None:
                uow.connections.add(make_connection(**more))
            uow.streams.replace(1, 2, list(streams))

    return lay


@pytest.fixture
def ledger(store):
    """Returns what reads the ledger of a stream, the oldest moment first, in a few words each."""

    def ledger(name="customers"):
        with store.read() as uow:
            rows = reversed(uow.ticks.of(1, 2, name, 100))
        return [_words(row) for row in rows]

    return ledger


def _words(row):
    told = f"{row.scheduled_for:%H:%M} {row.outcome}"
    told += f" {row.reason}" if row.reason else ""
    return told + (f" until {row.until:%H:%M} count {row.count}" if row.until else "")
