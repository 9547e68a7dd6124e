"""The frames that open a call: all of it for a fresh child, and what is new in it for one that was kept."""

import math
from collections.abc import Mapping

import orjson

from levada import Window
from levada_runtime.sandbox.language.standard import completed
from levada_runtime.sandbox.model import Call, Delivery, Level, RunInfo
from levada_runtime.sandbox.protocol import Again, RequestFrame, RunFrame, Start, WindowFrame
from levada_runtime.sandbox.warm import CALLS_OF_CPU

_BACKSTOP_S = 1
"""The kernel's limit lies above the host's own, which is the exact one."""


def start_frame(call: Call, minimum: Level, number: int, loaded: frozenset[str], *, keep: bool) -> Start:
    """Return what a fresh child is told; `loaded` names the modules it need not be sent."""
    return Start(
        action=call.action,
        package=call.bundle.package,
        attribute=call.bundle.attribute,
        files=dict(call.bundle.files),
        libraries=completed(call.bundle.libraries, loaded),
        stream=call.stream,
        settings=orjson.dumps(dict(call.settings)),
        secrets=dict(call.secrets),
        checkpoint=_checkpoint(call),
        run=_run(call.run),
        now=call.now.isoformat(),
        memory_bytes=call.limits.memory_bytes,
        cpu_s=math.ceil(call.limits.cpu_s * (CALLS_OF_CPU if keep else 1)) + _BACKSTOP_S,
        minimum=minimum.value,
        run_number=number,
        request=_request(call.request),
        keep=keep,
        window=_window(call.window),
    )


def again_frame(call: Call, word: bytes) -> Again:
    """Return what a child that was kept is told."""
    return Again(
        action=call.action,
        stream=call.stream,
        settings=orjson.dumps(dict(call.settings)),
        secrets=dict(call.secrets),
        checkpoint=_checkpoint(call),
        run=_run(call.run),
        now=call.now.isoformat(),
        request=_request(call.request),
        word=word,
    )


def _checkpoint(call: Call) -> bytes:
    values: Mapping[str, Mapping[str, object]] = call.checkpoint
    return orjson.dumps({partition: dict(saved) for partition, saved in values.items()})


def _run(run: RunInfo | None) -> RunFrame | None:
    if run is None:
        return None
    moment = run.scheduled_for.isoformat() if run.scheduled_for else None
    return RunFrame(run.id, run.mode, run.connection, run.observing, run.attempt, moment)


def _request(request: Delivery | None) -> RequestFrame | None:
    if request is None:
        return None
    return RequestFrame(request.body, dict(request.headers), dict(request.params), request.delivery_id)


def _window(window: Window | None) -> WindowFrame | None:
    return None if window is None else WindowFrame(window.start.isoformat(), window.end.isoformat())
