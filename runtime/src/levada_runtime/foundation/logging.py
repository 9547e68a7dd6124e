"""Logs go to stderr, one event a line, through structlog; values known to be secret are masked on the way."""

import logging
import sys
import threading
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from typing import Any

from levada_runtime.foundation.masking import Mask

MASK = "•••"
_LEAST_LENGTH = 4
_MOST_PASSING = 256
_secrets: set[str] = set()
_passing: dict[str, None] = {}
_asked: list[str] = []
"""The level that was asked for last, until the first logger makes it count."""
_mask = Mask(())
_lock = threading.Lock()


def hide(values: Iterable[str]) -> None:
    """Mask these values, however spelled, in every line logged from now on; shorter ones would mask ordinary words."""
    global _mask  # noqa: PLW0603 - one mask for every logger of the process
    fresh = {value for value in values if len(value) >= _LEAST_LENGTH} - _secrets
    if fresh:
        _secrets.update(fresh)
        _mask = _all_masked()


def hide_for_now(values: Iterable[str]) -> None:
    """Mask these values as well, such as tokens of an hour's life, until many newer ones have come."""
    global _mask  # noqa: PLW0603 - one mask for every logger of the process
    fresh = [value for value in values if len(value) >= _LEAST_LENGTH and value not in _passing]
    if fresh:
        _passing.update(dict.fromkeys(fresh))
        for old in list(_passing)[: max(0, len(_passing) - _MOST_PASSING)]:
            del _passing[old]
        _mask = _all_masked()


def _all_masked() -> Mask:
    return Mask((*_secrets, *_passing), masked=MASK, least=_LEAST_LENGTH)


def mask(text: str) -> str:
    """Return `text` with every known secret value masked; one that begins another leaves nothing of that one."""
    return _mask(text)


def configure_logging(level: str = "info") -> None:
    """Have logs go to stderr from this level on: coloured for people, JSON for machines."""
    _asked[:] = [level]


def _configure(level: str) -> None:
    import structlog  # loaded by the first who has something to say: most commands have not

    human = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_names: _Stderr(),
        cache_logger_on_first_use=False,
    )


class _Stderr:
    """Writes to whatever stderr is now; a reader that has gone away must not end the work that is logged."""

    def msg(self, message: str) -> None:
        """Write one line."""
        with _lock, suppress(OSError, ValueError):
            sys.stderr.write(f"{message}\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg


def logger(floor: str) -> Any:
    """Return the logger of a floor."""
    import structlog  # loaded by the first who has something to say: most commands have not

    with _lock:
        while _asked:
            _configure(_asked.pop())
    return structlog.get_logger(floor=floor)


def _mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if not _secrets and not _passing:
        return event
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}
