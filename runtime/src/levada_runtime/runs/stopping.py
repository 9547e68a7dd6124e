"""Ending a run that somebody cancelled while it was under way: at the next question of its child."""

import time
from collections.abc import Callable
from typing import Any, Final, Self

from levada_runtime.sandbox.answering import Handlers
from levada_runtime.sandbox.model import Abort
from levada_runtime.sandbox.protocol import (
    EmitAnswer,
    EmitFrame,
    GraphAnswer,
    GraphFrame,
    HttpAnswer,
    HttpFrame,
    RetireFrame,
    SnapshotFrame,
)
from levada_runtime.store.model import RunRow
from levada_runtime.store.unit_of_work import Store

CANCELLED: Final = "cancelled"
_LOOK_S: Final = 0.2
"""How old the answer may be to whether it is to be cancelled: a child asks far more often than anybody cancels."""


class StoppableHandlers:
    """Answers as `handlers` do, until the run `is_cancelled`: then it ends, and its page is dropped."""

    def __init__(self, handlers: Handlers, is_cancelled: Callable[[], bool]) -> None:
        self._handlers = handlers
        self._is_cancelled = is_cancelled
        self._looked_at = float("-inf")

    @classmethod
    def of(cls, store: Store, run: RunRow, handlers: Handlers) -> Self:
        """Return the handlers of a run that is in the store."""

        def is_cancelled() -> bool:
            with store.look() as uow:
                return uow.runs.is_cancelled(run)

        return cls(handlers, is_cancelled)

    def emit(self, frame: EmitFrame) -> EmitAnswer | None:
        """Take a frame of records."""
        self._look()
        return self._handlers.emit(frame)

    def retire(self, frame: RetireFrame) -> EmitAnswer:
        """Take the word that a record is gone."""
        self._look()
        return self._handlers.retire(frame)

    def graph(self, frame: GraphFrame) -> GraphAnswer | None:
        """Take a frame of assertions."""
        self._look()
        return self._handlers.graph(frame)

    def snapshot(self, frame: SnapshotFrame) -> None:
        """Take a step of a snapshot."""
        self._look()
        self._handlers.snapshot(frame)

    def save(self, partition: str, values: dict[str, Any]) -> None:
        """End the page with a checkpoint."""
        self._look()
        self._handlers.save(partition, values)

    def http(self, request: HttpFrame) -> HttpAnswer:
        """Ask the source."""
        self._look()
        return self._handlers.http(request)

    def log(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Keep a line of the run's log."""
        self._look()
        self._handlers.log(level, message, fields)

    def afterwards(self) -> None:
        """Do what could wait until the child had its answer."""
        self._handlers.afterwards()

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            if self._is_cancelled():
                raise Abort(CANCELLED, "it was cancelled while it ran; its pages so far stay")
