"""Which floor carries out which kind of work."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.logging import logger
from levada_runtime.work.service import Token

_LEFT_FOR: Final = timedelta(minutes=1)
_IN_DEEP_LINES: Final = frozenset({"webhook", "pipeline"})
"""Kinds of which thousands may stand in one line, so that whoever has done one takes the next."""


class Dispatch:
    """Hands each piece of work to whoever carries out its kind."""

    def __init__(self, installation: Installation) -> None:
        self._store, self._clock, self._queue = installation.store, installation.clock, installation.work
        runs = installation.runs
        self._handlers: dict[str, Callable[[Token], None]] = {
            "poll": runs.execute,
            "webhook": runs.execute,
            "backfill": runs.execute,
            "pipeline": installation.reactor.execute,
            "deliver": installation.courier.execute,
        }

    def execute(self, token: Token) -> None:
        """Carry out a piece of work; what this version does not know, or understand, is left to one that does."""
        with self._store.read() as uow:
            work = uow.work.get(token[0])
        if work is None:
            return
        known = work.code_version in self._queue.versions
        handler = self._handlers.get(work.kind) if known else None
        if handler is not None:
            handler(token)
            return
        logger("daemon").error("this version does not know such work; it waits", kind=work.kind, work=work.id)
        with self._store.write() as uow:
            if uow.work.holds(*token):
                uow.work.release(work, not_before=self._clock.now() + _LEFT_FOR, attempt=work.attempt - 1)

    def following(self, token: Token) -> Token | None:
        """Take what comes after a piece of work that was carried out, where it is of a kind that stands in line."""
        with self._store.read() as uow:
            work = uow.work.get(token[0])
        if work is None or work.kind not in _IN_DEEP_LINES:
            return None
        return self._queue.claim_following(work)
