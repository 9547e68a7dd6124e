"""Recorded runs as cassettes: what was kept of a run, put together for whoever plays it again."""

from typing import Any

import orjson

from levada._cassette import Cassette
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.sandbox.broker.cassette import CUT
from levada_runtime.store.model import OrgRow, RunRow
from levada_runtime.store.unit_of_work import Store


class Cassettes:
    """Reads the recordings of runs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def delivery(self, org: OrgRow, run_id: str) -> dict[str, Any] | None:
        """Return the webhook that a run was made for, as its route was given it; None when it was for none."""
        with self._store.read() as uow:
            run = uow.runs.get(org.id, run_id)
            receipt = uow.receipts.get(org.id, run.receipt_id) if run and run.receipt_id else None
            if receipt is None:
                return None
            body = uow.receipts.body(receipt)
        given = {"body": body, "headers": receipt.headers, "params": receipt.params, "delivery_id": receipt.delivery_id}
        return {name: value for name, value in given.items() if value}

    def of(self, org: OrgRow, run_id: str) -> Cassette:
        """Return the cassette of a run.

        Raises NotFoundFailure when there is no such run, or with the way out when it was not recorded.
        """
        with self._store.read() as uow:
            run = uow.runs.get(org.id, run_id)
            kept = uow.recordings.of(run) if run else []
            connection = uow.connections.names(org.id).get(run.connection_id) if run else None
        if run is None:
            raise NotFoundFailure(f"there is no run {run_id!r}", hint="`runtime runs list` shows them")
        if not kept:
            name = connection or "CONNECTION"
            raise NotFoundFailure(
                f"the run {run_id} was not recorded, so there is nothing of its HTTP to capture",
                code="not_recorded",
                hint=f"`runtime run {name} {run.stream} --record` records a run, "
                f"`runtime connections set {name} --record` every run from now on",
            )
        return cassette_of(run, kept)


def cassette_of(run: RunRow, kept: list[bytes]) -> Cassette:
    """Return the cassette that a run's recording is: what it began with, its exchanges, and whether it was cut."""
    began: dict[str, Any] = orjson.loads(kept[0])
    exchanges = [orjson.loads(row) for row in kept[1:] if row != CUT]
    return Cassette.model_validate(
        {
            **began,
            "connector": run.connector,
            "version": run.connector_version,
            "stream": run.stream,
            "mode": run.mode,
            "window": (run.window_from, run.window_until) if run.window_from else None,
            "run": run.id,
            "recorded_at": run.finished_at,
            "cut": CUT in kept,
            "exchanges": exchanges,
        }
    )


def check_playable(cassette: Cassette, connector: str, stream: str) -> None:
    """Raise UsageFailure unless a cassette is of this connector's stream."""
    if (cassette.connector, cassette.stream) == (connector, stream):
        return
    raise UsageFailure(
        f"the cassette holds {cassette.connector} {cassette.stream}, and {connector} {stream} is to be run",
        code="other_cassette",
        hint="name a connection of that connector, and that stream",
    )
