"""The recording of an attempt while it is made: it is written with the run's pages, in their transactions."""

from datetime import datetime
from typing import Any

import orjson

from levada_runtime.foundation.masking import Mask
from levada_runtime.sandbox.broker.cassette import Tape
from levada_runtime.store.model import RunRow
from levada_runtime.store.unit_of_work import UnitOfWork


class Recording:
    """Takes from a tape what is new; what an earlier attempt of the run left is forgotten once this one writes."""

    def __init__(self, tape: Tape, header: bytes) -> None:
        self._tape = tape
        self._header = header
        self._begun = False
        self._fresh: list[bytes] = []

    def flush(self, uow: UnitOfWork, run: RunRow) -> None:
        """Write what is new, in this unit of work; `forget` it once that has committed."""
        self._fresh += self._tape.take()
        if not self._begun:
            uow.recordings.begin(run, self._header)
        uow.recordings.add(run, self._fresh)

    def forget(self) -> None:
        """Let go of what has been committed."""
        self._begun = True
        self._fresh.clear()


def header_of(mask: Mask, settings: dict[str, Any], checkpoint: dict[str, dict[str, Any]], now: datetime) -> bytes:
    """Return what an attempt began with: what its route was given beside the source, without secrets."""
    return orjson.dumps({"settings": mask.value(settings), "checkpoint": mask.value(checkpoint), "now": now})
