"""What a child says of an exception: type, message and the connector's own frames, without any local variable."""

import traceback
from collections.abc import Mapping

from levada.errors import BadRecord, ConnectorMistake, LevadaError
from levada_runtime.sandbox.protocol import Ended

_MESSAGE_CHARACTERS = 2_000
_FRAMES = 30
_CHAIN = 5


def ended_by(error: BaseException, files: Mapping[str, bytes]) -> Ended:
    """Return the last frame of a call that this exception ended."""
    if isinstance(error, LevadaError):
        return Ended(
            "exception",
            str(error.code),
            _message(error, with_type=False),
            render(error, files),
            retryable=bool(error.retryable),
            wait=float(error.wait) if isinstance(error.wait, int | float) else None,
        )
    retryable = isinstance(error, Exception) and not isinstance(error, ConnectorMistake | BadRecord)
    return Ended("exception", "connector_error", _message(error), render(error, files), retryable=retryable)


def render(error: BaseException, files: Mapping[str, bytes]) -> str:
    """Return the traceback through the connector's own files, the cause first."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and len(chain) < _CHAIN and current not in chain:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n\n".join(_one(each, files) for each in reversed(chain))


def _one(error: BaseException, files: Mapping[str, bytes]) -> str:
    lines = ["Traceback (connector frames only):"]
    own = [
        (frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename in files
    ]
    for path, line, function in own[-_FRAMES:]:
        lines.append(f'  File "{path}", line {line}, in {function}')
        source = files[path].decode(errors="replace").splitlines()
        if 0 < line <= len(source):
            lines.append(f"    {source[line - 1].strip()}")
    lines.append(_message(error))
    return "\n".join(lines)


def _message(error: BaseException, *, with_type: bool = True) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a connector's own __str__ may do anything.
        text = "(its message cannot be shown)"
    text = text[:_MESSAGE_CHARACTERS]
    if not with_type:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
