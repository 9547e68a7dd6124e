"""The host's conversation with one child: handlers get its frames, it gets their answers, until it ends."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol

import msgspec

from levada.errors import BadRecord, Forbidden, LevadaError
from levada_runtime.sandbox.channel import HostChannel
from levada_runtime.sandbox.protocol import (
    LINE_BYTES,
    LOG_BYTES,
    REPLY_BYTES,
    ChildFrame,
    Done,
    EmitAnswer,
    EmitFrame,
    Ended,
    Frame,
    GraphAnswer,
    GraphFrame,
    HttpAnswer,
    HttpFrame,
    LogFrame,
    ProtocolError,
    Question,
    Ready,
    Refusal,
    RetireFrame,
    SnapshotFrame,
    Woken,
    results,
)
from levada_runtime.sandbox.vetting import DEPTH, Calls, mapping

_LEVELS = frozenset({"debug", "info", "warning", "error"})
_LINE_COSTS = 64
"""What the host keeps of a line beside its text."""
_LINES = LOG_BYTES // 2 + 2
"""More lines than an honest child sends: it counts its log, too, and an empty line as the two bytes of no fields."""
_SHOWN = 200


class Handlers(Protocol):
    """What the host answers a child with.

    Each may raise a LevadaError, which is raised in the child, or Abort, which ends the run. Anything else is the
    host's own failure: the child is killed and the exception goes on to the caller of `Sandbox.call`.
    """

    def emit(self, frame: EmitFrame) -> EmitAnswer | None:
        """Take a frame of records; None until the last frame of a call, whose answer carries the results of all."""

    def retire(self, frame: RetireFrame) -> EmitAnswer:
        """Take the word that a record is gone; the answer holds its one record."""

    def graph(self, frame: GraphFrame) -> GraphAnswer | None:
        """Take a frame of rows for the graph; None until the last of a call, which is answered for all of them."""

    def snapshot(self, frame: SnapshotFrame) -> None:
        """Take a step of a snapshot of the graph."""

    def save(self, partition: str, values: dict[str, Any]) -> None:
        """Keep the whole new mapping of one partition of the checkpoint."""

    def http(self, request: HttpFrame) -> HttpAnswer:
        """Ask the source."""

    def log(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Keep a line of the run's log."""

    def afterwards(self) -> None:
        """Do what could wait until the child had its answer, and works on."""


class NoHandlers:
    """Answers a child that has nothing to ask, such as one that is being described; its log is let go."""

    def emit(self, frame: EmitFrame) -> NoReturn:
        raise Forbidden(f"{frame.document_type} cannot be ingested here")

    def retire(self, frame: RetireFrame) -> NoReturn:
        raise Forbidden(f"{frame.document_type} cannot be retired here")

    def graph(self, frame: GraphFrame) -> NoReturn:
        raise Forbidden(f"nothing can be asserted here: graph.{frame.op}")

    def snapshot(self, frame: SnapshotFrame) -> NoReturn:
        raise Forbidden(f"nothing can be asserted here: graph.snapshot, {frame.step}")

    def save(self, partition: str, values: dict[str, Any]) -> NoReturn:
        raise Forbidden(f"no checkpoint can be saved here: {partition!r}, {len(values)} values")

    def http(self, request: HttpFrame) -> NoReturn:
        raise Forbidden(f"no request can be made here: {request.method[:_SHOWN]} {request.url[:_SHOWN]}")

    def log(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """What is said while nobody listens harms nobody."""

    def afterwards(self) -> None:
        """Nothing was put off."""


class Conversation:
    """Answers the frames of one call; it keeps what the child said of its layers and how many bytes it logged.

    A child that was kept from an earlier call has said its `layers`, and must first repeat the `word` of this one:
    what it said before it heard the word is taken for nothing.
    """

    def __init__(
        self,
        channel: HostChannel,
        handlers: Handlers,
        layers: Mapping[str, str] | None = None,
        word: bytes | None = None,
    ) -> None:
        self._channel = channel
        self._handlers = handlers
        self._lines = self._logged = 0
        self._calls = Calls()
        self._word = word
        self.layers: Mapping[str, str] = layers or {}

    @property
    def has_begun(self) -> bool:
        """Whether the child has turned to this call."""
        return self._word is None

    def hold(self) -> Ended:
        """Answer until the child says that it ended; raise what the channel or a handler raises."""
        while True:
            frame = self._channel.receive()
            if self._word is not None or isinstance(frame, Woken):
                self._note_word(frame)
                continue
            if isinstance(frame, Ended):
                return _checked(frame)
            if isinstance(frame, LogFrame):
                self._log(frame)
            elif isinstance(frame, Ready):
                self._note_layers(frame)
            else:
                self._channel.send(self._answer(frame))
                self._handlers.afterwards()

    def _note_word(self, frame: ChildFrame) -> None:
        if not isinstance(frame, Woken) or frame.word != self._word:
            raise ProtocolError("a child that was kept spoke out of turn")
        self._word = None

    def _note_layers(self, frame: Ready) -> None:
        # Said once, before the first line of connector code: a second one is the connector talking.
        if self.layers:
            raise ProtocolError("a child said twice what its layers are")
        self.layers = frame.layers

    def _answer(self, frame: Question) -> Frame:
        try:
            refused = self._calls.take(frame)
            if refused is not None:
                return refused
            if isinstance(frame, EmitFrame):
                answer = self._handlers.emit(frame)
                return results(answer) if answer is not None else Done()
            if isinstance(frame, RetireFrame):
                return results(self._handlers.retire(frame))
            if isinstance(frame, GraphFrame):
                return self._handlers.graph(frame) or Done()
            if isinstance(frame, SnapshotFrame):
                self._handlers.snapshot(frame)
                return Done()
            if isinstance(frame, HttpFrame):
                return self._handlers.http(frame)
            self._handlers.save(frame.partition, _saved(frame.values))
        except LevadaError as error:
            refusal = Refusal(error.code, error.message, error.wait, _json(error.details))
            self._calls.refuse(frame, refusal)
            return refusal
        return Done()

    def _log(self, frame: LogFrame) -> None:
        size = len(frame.message) + len(frame.fields) + _LINE_COSTS
        self._lines += 1
        if self._lines > _LINES:
            raise ProtocolError("a child goes on logging long after it was told enough")
        if self._logged >= LOG_BYTES:
            return
        self._logged += size
        level = frame.level if frame.level in _LEVELS else "info"
        if self._logged >= LOG_BYTES:
            self._handlers.log("warning", f"the run logged more than {LOG_BYTES >> 10} KiB; the rest is let go", {})
        elif size > LINE_BYTES + _LINE_COSTS * 2:
            self._handlers.log(level, f"{frame.message[:LINE_BYTES]}…", {})
        else:
            self._handlers.log(level, frame.message, mapping(frame.fields) or {})


def _checked(frame: Ended) -> Ended:
    if frame.result is not None and len(frame.result) > REPLY_BYTES:
        raise ProtocolError(f"a child ended with a result of {len(frame.result)} bytes")
    return frame


def _saved(data: bytes) -> dict[str, Any]:
    values = mapping(data)
    if values is None:
        raise BadRecord(f"the values of a checkpoint are nested more than {DEPTH} deep")
    return values


def _json(details: Mapping[str, Any]) -> bytes:
    encode: Callable[[object], bytes] = msgspec.json.Encoder(enc_hook=str).encode
    return encode(dict(details))
